"""The line of a stack's settings that chooses its backend: everything else of the file stays as it was."""

import pytest
import yaml

from fediversity.state.backend_spec import StateError
from fediversity.state.next_steps import SETTING, secrets_provider_of, with_backend
from tests.state.conftest import SETTINGS

URL = "s3://states?region=eu-central-1&endpoint=https://s3.example&s3ForcePathStyle=true"


def lines_added(text: str, changed: str) -> list[str]:
    kept = text.splitlines()
    assert [line for line in changed.splitlines() if line in kept] == kept, "a line of the file was lost or moved"
    return [line for line in changed.splitlines() if line not in kept]


@pytest.mark.parametrize(
    "text",
    [
        SETTINGS,
        "config:\n    fediversity:fleet: x\n",
        "config:\n",
        "config: # what the program is told\n  hcloud:token: {secure: abc}\n",
        "encryptionsalt: v1:abc\nconfig:\n  fediversity:fleet: x\n",
        "encryptionsalt: v1:abc\n",
        "",
    ],
)
def test_a_line_is_added_and_nothing_else_is_touched(text: str) -> None:
    changed = with_backend(text, URL, "Pulumi.x.yaml")
    added = [line.strip() for line in lines_added(text, changed)]
    assert added in ([f"{SETTING}: {URL}"], ["config:", f"{SETTING}: {URL}"])
    assert yaml.safe_load(changed)["config"][SETTING] == URL


def test_another_backend_is_replaced_in_its_place_and_the_same_one_changes_nothing() -> None:
    first = with_backend(SETTINGS, "gs://one", "Pulumi.x.yaml")
    second = with_backend(first, "gs://two", "Pulumi.x.yaml")
    assert second == first.replace("gs://one", "gs://two")
    assert with_backend(second, "gs://two", "Pulumi.x.yaml") == second


@pytest.mark.parametrize("text", ["config: {fediversity:fleet: x}\n", "- a list\n", "config: [\n"])
def test_a_file_of_another_form_is_left_to_a_person(text: str) -> None:
    with pytest.raises(StateError, match="write this line under `config:` by hand: fediversity:backend: gs://one"):
        with_backend(text, "gs://one", "Pulumi.x.yaml")


def test_who_keeps_the_secrets_is_read_from_the_settings() -> None:
    assert secrets_provider_of("secretsprovider: awskms://alias/x\n") == "awskms://alias/x"
    assert secrets_provider_of("encryptionsalt: v1:abc\n") == "passphrase"
    assert secrets_provider_of("") == "passphrase"
