"""Credentials: where they are looked for, that all missing ones are said at once, and that none is ever shown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fediversity.fleet.providers.accounts import ACCOUNTS
from fediversity.project.clan_secret import ClanSecretError
from fediversity.project.credential_sources import clouds_of
from fediversity.project.credentials import CredentialLookup, Credentials, find_credentials
from fediversity.project.settings import SettingsError, parse_settings, with_plugins
from tests.planning.samples import dev_fleet, every_kind, one_server

TOKEN = "a-token-that-nobody-must-see"


def no_clan(name: str) -> str:
    raise ClanSecretError(f"there is no secret {name}")


def find(
    environ: Mapping[str, str] | None = None, *, config: tuple[str, ...] = (), clan: Any = no_clan, **settings: Any
) -> Credentials:
    """The credentials of a stack that asks both clouds."""
    given = parse_settings("production", {"fleet": "stacks/production.yaml", **settings})
    return find_credentials(given, ACCOUNTS, CredentialLookup(lambda key: key in config, environ or {}, clan))


def refused(environ: Mapping[str, str] | None = None, **more: Any) -> str:
    with pytest.raises(SettingsError) as error:
        find(environ, **more)
    return str(error.value)


def test_the_stack_s_own_secrets_come_before_the_environment() -> None:
    found = find({"HCLOUD_TOKEN": TOKEN}, config=("hcloud:token", "gcp:credentials"))
    assert {cloud: credential.kind for cloud, credential in found.items()} == {"hcloud": "config", "gcp": "config"}


def test_without_secrets_of_the_stack_the_environment_serves() -> None:
    found = find({"HCLOUD_TOKEN": TOKEN, "GOOGLE_CREDENTIALS": "{}"})
    assert (found["hcloud"].value, found["gcp"].value) == (TOKEN, "{}")


def test_a_credential_is_never_shown_by_itself() -> None:
    assert TOKEN not in repr(find({"HCLOUD_TOKEN": TOKEN, "GOOGLE_CREDENTIALS": "{}"}))


@pytest.mark.parametrize("name", ["GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON"])
def test_google_s_credential_may_be_in_any_variable_that_its_plug_in_reads(name: str) -> None:
    assert find({"HCLOUD_TOKEN": TOKEN, name: "{}"})["gcp"].value == "{}"


def test_google_s_files_are_left_to_its_plug_in(tmp_path: Path) -> None:
    file = tmp_path / ".config" / "gcloud" / "application_default_credentials.json"
    file.parent.mkdir(parents=True)
    home = {"HCLOUD_TOKEN": TOKEN, "HOME": str(tmp_path)}
    assert "gcp" in refused(home)
    file.write_text("{}")
    for environ in (
        home,
        {"HCLOUD_TOKEN": TOKEN, "CLOUDSDK_CONFIG": str(file.parent)},
        {"HCLOUD_TOKEN": TOKEN, "GOOGLE_APPLICATION_CREDENTIALS": str(file)},
        {"HCLOUD_TOKEN": TOKEN, "GOOGLE_OAUTH_ACCESS_TOKEN": "x"},
    ):
        assert find(environ)["gcp"].kind == "plugin"


def test_a_file_that_is_named_and_not_there_is_missing_although_gcloud_has_one(tmp_path: Path) -> None:
    (tmp_path / "application_default_credentials.json").write_text("{}")
    environ = {"CLOUDSDK_CONFIG": str(tmp_path), "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "gone.json")}
    assert "credentials.gcp" in refused(environ | {"HCLOUD_TOKEN": TOKEN})


def test_clan_is_asked_by_the_name_of_the_setting_and_nobody_else() -> None:
    asked: list[str] = []

    def clan(name: str) -> str:
        asked.append(name)
        return TOKEN

    found = find(
        {"HCLOUD_TOKEN": "another", "GOOGLE_CREDENTIALS": "{}"}, clan=clan, credentials={"hcloud": "clan:h-token"}
    )
    assert (asked, found["hcloud"].value) == (["h-token"], TOKEN)


def test_all_that_is_missing_is_one_error_with_places_and_commands() -> None:
    assert refused(credentials={"gcp": "clan:google"}).splitlines() == [
        "Pulumi.production.yaml: 2 credentials are missing; nothing was declared:",
        "  fediversity:credentials.hcloud: looked for the secret hcloud:token of Pulumi.production.yaml; "
        "HCLOUD_TOKEN in the environment",
        "    fix: `./just pulumi config set --secret hcloud:token --stack production`, or `read -rs HCLOUD_TOKEN && "
        "export HCLOUD_TOKEN`",
        "  fediversity:credentials.gcp: looked for clan's secret google: there is no secret google",
        "    fix: `clan secrets set google` in the flake's folder",
    ]


def test_a_source_that_is_named_is_the_only_one() -> None:
    said = refused({"HCLOUD_TOKEN": TOKEN, "GOOGLE_CREDENTIALS": "{}"}, credentials={"hcloud": "config"})
    assert "1 credential is missing" in said
    assert TOKEN not in said


def test_an_empty_variable_is_a_missing_credential() -> None:
    assert "credentials.hcloud" in refused({"HCLOUD_TOKEN": " ", "GOOGLE_CREDENTIALS": "{}"})


def test_with_simulated_plug_ins_no_credential_is_looked_for() -> None:
    settings = with_plugins(parse_settings("production", {"fleet": "x"}), "local")
    assert find_credentials(settings, ACCOUNTS, CredentialLookup(lambda _: False, {}, no_clan)) == {}


def test_a_fleet_needs_the_clouds_that_something_of_it_lives_in() -> None:
    assert clouds_of(one_server()) == ("hcloud",)
    assert clouds_of(every_kind()) == ("hcloud", "gcp")
    alone = dev_fleet().model_copy(update={"machines": {}, "buckets": {}})
    assert clouds_of(alone) == ("hcloud", "gcp")
