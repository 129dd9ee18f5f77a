"""From the name of a stack to its settings and its fleet, or to what has to be corrected."""

from pathlib import Path

import pytest

from fediversity.fleet.diagnostics import FleetError
from fediversity.planning.stacks import open_stack
from fediversity.project.settings import SettingsError
from fediversity.project.stack_file import read_settings, stacks
from tests.cli.conftest import SETTINGS

pytestmark = pytest.mark.usefixtures("project")


def refused(stack: str = "dev") -> str:
    with pytest.raises(SettingsError) as error:
        open_stack(stack)
    return str(error.value)


def test_a_stack_leads_to_its_settings_and_its_fleet() -> None:
    project, fleet = open_stack("dev")
    settings = project.settings
    assert (settings.stack, settings.fleet_file, settings.flake) == ("dev", "stacks/dev.yaml", "nix")
    assert settings.simulated
    assert not settings.protect, "the engine gives settings as text, and so must this"
    assert fleet.name == "garden"


def test_a_stack_that_is_not_there_is_refused_with_those_that_are(project: Path) -> None:
    (project / "Pulumi.staging.yaml").write_text("")
    assert stacks(project) == ("dev", "staging")
    assert refused("production") == (
        "There is no stack 'production'; known: dev, staging. A stack is a file Pulumi.<stack>.yaml."
    )


@pytest.mark.parametrize("name", ["../dev", "", "dev.yaml", "*", "x/dev"])
def test_a_name_that_is_no_stack_is_never_taken_for_a_path(name: str) -> None:
    assert f"There is no stack '{name}'; known: dev." in refused(name)


def test_a_project_without_stacks_says_so(project: Path) -> None:
    (project / "Pulumi.dev.yaml").unlink()
    assert "known: none yet" in refused()


def test_another_folder_is_refused_with_where_to_start(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "stacks")
    assert refused() == f"There is no Pulumi.yaml in {project / 'stacks'}: start this at the top of the checkout."


@pytest.mark.parametrize("text", ["", "config:\n", "config: {}\n", "config: {gcp:project: garden}\n"])
def test_a_stack_that_names_no_fleet_file_is_refused_by_the_setting(project: Path, text: str) -> None:
    (project / "Pulumi.dev.yaml").write_text(text)
    assert "Pulumi.dev.yaml cannot be used; nothing was changed:" in refused()
    assert "fediversity:fleet: is missing; write the fleet file's path, e.g. stacks/dev.yaml" in refused()


def test_an_unknown_setting_is_refused_by_name(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text(SETTINGS.replace("fediversity:protect", "fediversity:protected"))
    assert "fediversity:protected: unknown setting; known: " in refused()


def test_settings_of_others_are_theirs(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text(
        SETTINGS.replace("config:\n", "config:\n  hcloud:token: {secure: v1:abc}\n")
    )
    assert read_settings("dev", project).stack == "dev"


def test_an_encrypted_setting_of_ours_is_refused_by_name(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text(SETTINGS.replace("fleet: stacks/dev.yaml", "fleet: {secure: v1:abc}"))
    assert "fediversity:fleet is encrypted, but it is no secret" in refused()
    assert "v1:abc" not in refused()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("config:\n\ta: b\n", "Pulumi.dev.yaml:2: cannot be read"),
        ("config: {a: b\n", "Pulumi.dev.yaml:2: cannot be read"),
        ("- config\n", "Pulumi.dev.yaml: not a group of `key: value` lines"),
        ("config: [a]\n", "Pulumi.dev.yaml: `config` must hold `key: value` lines"),
        ("config: !own {}\n", "Pulumi.dev.yaml:1: cannot be read"),
    ],
)
def test_a_settings_file_that_is_no_settings_file_is_refused_with_its_place(
    project: Path, text: str, what: str
) -> None:
    (project / "Pulumi.dev.yaml").write_text(text)
    assert refused().startswith(what)


def test_a_settings_file_that_is_not_utf_8_is_refused(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_bytes(b"config: \xff\n")
    assert refused() == "Pulumi.dev.yaml: cannot be read: not UTF-8 text; nothing was changed."


def test_a_fleet_file_that_is_missing_is_refused_with_where_it_is_named(project: Path) -> None:
    (project / "stacks" / "dev.yaml").unlink()
    with pytest.raises(FleetError, match=r"stacks/dev\.yaml: cannot be read: No such file") as error:
        open_stack("dev")
    assert "check the path under `fediversity:fleet` in Pulumi.<stack>.yaml" in str(error.value)
