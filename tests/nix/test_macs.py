"""The Macs, evaluated whole: what each activation does, and that their files differ in a few lines."""

import difflib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.nix.evaluation import FLAKE, evaluate
from tests.nix.full_tree import full_tree

FLEET: dict[str, Any] = json.loads((FLAKE / "fleet.json").read_text())
MACS = {name: machine for name, machine in FLEET["machines"].items() if machine["machineClass"] == "darwin"}
PATTERN = "blackphos"
"""The first Mac; the others follow it."""

every_mac = pytest.mark.parametrize("mac", sorted(MACS))


def own_file(mac: str) -> str:
    """The file of a Mac's module without what has to differ: its name, its user, its opening comment."""
    text = (FLAKE / f"modules/machines/{mac}.nix").read_text()
    _, _, module = text.partition("\n")
    return module.replace(mac, "MAC").replace(MACS[mac]["user"], "USER")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return full_tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="module")
def macs(tree: Path) -> dict[str, Any]:
    """What every Mac comes to before any var is generated."""
    evaluated: dict[str, Any] = evaluate("", expression=tree / "macs.nix")
    return evaluated


@every_mac
def test_a_mac_s_primary_user_is_whom_the_fleet_logs_in_as(mac: str, macs: dict[str, Any]) -> None:
    user = MACS[mac]["user"]
    assert macs[mac]["primaryUser"] == user
    assert macs[mac]["knownUsers"][0] == user
    assert macs[mac]["uids"][user] > 500, "macOS' own accounts are below"


@every_mac
def test_a_mac_lets_the_fleet_s_user_update_it_without_a_password(mac: str, macs: dict[str, Any]) -> None:
    user = MACS[mac]["user"]
    assert f"{user} ALL=(ALL) NOPASSWD: ALL" in macs[mac]["sudo"].splitlines()
    assert user in macs[mac]["trustedUsers"]
    assert macs[mac]["sshd"] is True


@every_mac
def test_the_activation_installs_zerotier_and_removes_or_upgrades_no_app(mac: str, macs: dict[str, Any]) -> None:
    assert "zerotier-one" in macs[mac]["casks"]
    assert 'cask "zerotier-one"' in macs[mac]["brewfile"]
    (bundle,) = (line for line in macs[mac]["activation"].splitlines() if "brew bundle --file=" in line)
    assert f"--user={MACS[mac]['user']}" in bundle
    assert "HOMEBREW_NO_AUTO_UPDATE=1" in bundle
    assert bundle.endswith("--no-upgrade"), "nothing that cleans up"


@every_mac
def test_no_preferences_of_other_apps_are_written(mac: str, macs: dict[str, Any]) -> None:
    assert macs[mac]["otherAppsPreferences"] == {}


def test_the_macs_are_described_as_nix_was_installed_on_them(macs: dict[str, Any]) -> None:
    assert {mac: evaluated["nixbld"] for mac, evaluated in macs.items()} == {
        "argentum": 350,
        "blackphos": 30000,
        "rosegold": 350,
        "stibnite": 350,
    }
    assert {evaluated["stateVersion"] for evaluated in macs.values()} == {4}


def test_only_the_workstation_that_rolls_the_fleet_out_builds_for_linux(macs: dict[str, Any]) -> None:
    assert [mac for mac, evaluated in macs.items() if evaluated["linuxBuilder"]] == ["stibnite"]


@pytest.mark.parametrize("mac", sorted(set(MACS) - {PATTERN}))
def test_a_mac_differs_from_the_first_one_by_a_few_lines(mac: str) -> None:
    first, other = own_file(PATTERN).splitlines(), own_file(mac).splitlines()
    differences = [
        line[2:] for line in difflib.ndiff(first, other) if line[0] in "+-" and line[2:].strip() not in ("", "];")
    ]
    assert len(differences) <= 8, differences


def test_the_second_and_third_mac_reuse_the_first_one_s_aspects_and_add_none() -> None:
    def imports(mac: str) -> str:
        return own_file(mac).partition("imports = [")[2].partition("];")[0]

    assert imports("rosegold") == imports("argentum") == imports(PATTERN)
    assert "darwin.workstation" in imports(PATTERN)
