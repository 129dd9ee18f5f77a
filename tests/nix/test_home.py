"""The homes of people, evaluated by home-manager itself: the same ones on Macs and on servers."""

import ipaddress
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.nix.evaluation import FLAKE, copy_of_the_flake, evaluate, refusal, write_public_vars
from tests.nix.full_tree import full_tree

MACHINES: dict[str, Any] = json.loads((FLAKE / "fleet.json").read_text())["machines"]
MACS = {name: machine for name, machine in MACHINES.items() if machine["machineClass"] == "darwin"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return full_tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="module")
def homes(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Any]]:
    """The homes on a machine by user: on every Mac, and on cinnabar once its file asks for one."""
    flake = copy_of_the_flake(tmp_path_factory.mktemp("flake"))
    write_public_vars(flake)
    found: dict[str, dict[str, Any]] = {}

    def of(machine: str) -> dict[str, Any]:
        if machine not in found:
            found[machine] = evaluate(machine, flake, tree / "homes.nix")
        return found[machine]

    return of


@pytest.mark.parametrize("mac", sorted(MACS))
def test_a_mac_has_the_home_of_whom_the_fleet_logs_in_as(mac: str, homes: Callable[[str], dict[str, Any]]) -> None:
    user = MACS[mac]["user"]
    assert set(homes(mac)) == {user}
    home = homes(mac)[user]
    assert (home["username"], home["directory"]) == (user, f"/Users/{user}")
    assert home["warnings"] == []


def test_one_person_with_two_names_has_one_home(homes: Callable[[str], dict[str, Any]]) -> None:
    crs58, cameron = homes("blackphos")["crs58"], homes("rosegold")["cameron"]
    assert crs58["gitName"] == cameron["gitName"] == "crs58"
    assert crs58["packages"] == cameron["packages"]
    assert {name.replace("/Users/crs58", "") for name in crs58["files"]} == {
        name.replace("/Users/cameron", "") for name in cameron["files"]
    }


def file(home: dict[str, Any], name: str) -> str:
    """The text of a file in a home, by the end of its name."""
    (text,) = (text for path, text in home["files"].items() if path.endswith(name))
    assert isinstance(text, str), f"{name} has no text"
    return text


def test_a_home_s_shell_is_zsh_with_its_prompt_and_the_tools_of_the_checkout(
    homes: Callable[[str], dict[str, Any]],
) -> None:
    zshrc = file(homes("blackphos")["crs58"], ".zshrc")
    for program in ("starship", "direnv", "zoxide", "fzf"):
        assert re.search(rf"/bin/{program} ", zshrc), program


def test_git_never_makes_up_who_commits(homes: Callable[[str], dict[str, Any]]) -> None:
    config = file(homes("stibnite")["crs58"], "git/config")
    assert "useConfigOnly = true" in config
    assert 'path = "~/.config/git/identity"' in config
    assert "email" not in config


def test_ssh_knows_the_mesh_by_names_and_no_address(homes: Callable[[str], dict[str, Any]]) -> None:
    config = file(homes("stibnite")["crs58"], ".ssh/config")
    assert "CanonicalDomains zt" in config
    assert "Host *.zt\n" in config
    for word in config.split():
        with pytest.raises(ValueError, match="does not appear to be"):
            ipaddress.ip_address(word)


def test_the_activation_of_a_mac_switches_the_home_and_moves_files_in_its_way_aside(tree: Path) -> None:
    script = evaluate(
        "flake.darwinConfigurations.rosegold.config.system.activationScripts.postActivation.text",
        expression=tree / "check.nix",
    )
    assert "Activating home-manager configuration for cameron" in script
    extension = evaluate(
        "flake.darwinConfigurations.rosegold.config.home-manager.backupFileExtension", expression=tree / "check.nix"
    )
    assert extension == "before-home-manager"


def test_no_machine_with_homes_has_a_failing_assertion(tree: Path) -> None:
    assert evaluate("failed", expression=tree / "check.nix") == {name: [] for name in MACHINES}


def test_a_server_evaluates_whole_and_has_the_same_home_as_the_macs(
    tree: Path, tmp_path: Path, homes: Callable[[str], dict[str, Any]]
) -> None:
    flake = copy_of_the_flake(tmp_path)
    write_public_vars(flake)
    assert evaluate("forced.cinnabar", flake, tree / "check.nix") is True
    unit = "flake.nixosConfigurations.cinnabar.config.systemd.services.home-manager-crs58"
    assert evaluate(f"{unit}.environment.HOME_MANAGER_BACKUP_EXT", flake, tree / "check.nix") == "before-home-manager"
    account = "flake.nixosConfigurations.cinnabar.config.users.users.crs58"
    assert evaluate(f"{account}.shell.name", flake, tree / "check.nix") == "zsh"
    assert evaluate(f"{account}.isNormalUser", flake, tree / "check.nix") is True

    there, here = homes("cinnabar")["crs58"], homes("blackphos")["crs58"]
    assert there["gitName"] == here["gitName"]
    for name in ("git/config", ".ssh/config", "starship.toml"):
        assert file(there, name) == file(here, name)


def test_without_nixpkgs_tree_a_server_that_asks_for_a_home_evaluates_and_has_none(tmp_path: Path) -> None:
    flake = copy_of_the_flake(tmp_path)
    write_public_vars(flake)
    assert evaluate("forced.cinnabar", flake) is True


def test_a_misspelt_option_of_a_home_is_refused(tree: Path, tmp_path: Path) -> None:
    flake = copy_of_the_flake(tmp_path)
    (aspect,) = flake.rglob("home/git.nix")
    aspect.write_text(aspect.read_text().replace("lfs.enable", "lfs.enabled"))
    assert "programs.git.lfs.enabled' does not exist" in refusal("darwin", flake, tree / "check.nix")


def test_a_home_that_says_too_little_is_refused(tree: Path, tmp_path: Path) -> None:
    flake = copy_of_the_flake(tmp_path)
    (user,) = flake.rglob("users/crs58.nix")
    user.write_text(user.read_text().replace('home.stateVersion = "26.05";', ""))
    assert "home.stateVersion" in refusal("darwin", flake, tree / "check.nix")


def test_every_server_evaluates_whole_with_what_needs_nixpkgs_tree(tree: Path, tmp_path: Path) -> None:
    flake = copy_of_the_flake(tmp_path)
    write_public_vars(flake)
    servers = set(MACHINES) - set(MACS)
    assert evaluate("forced", flake, tree / "check.nix") == dict.fromkeys(sorted(servers), True)
