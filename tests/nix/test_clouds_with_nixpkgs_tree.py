"""What servers are where nixpkgs is there whole: srvos' module for Hetzner and options of nixpkgs' tree take part."""

from pathlib import Path
from typing import Any

import pytest

from tests.nix.evaluation import CHECK, copy_of_the_flake, evaluate, write_public_vars
from tests.nix.full_tree import full_tree
from tests.nix.spares import rendered_with

SERVERS = ["cinnabar", "electrum", "galena", "orb-nixos", "scheelite"]


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The flake's check, beside a stub of nixpkgs that says it is the whole tree."""
    return full_tree(tmp_path_factory.mktemp("tree")) / CHECK.name


@pytest.fixture(scope="module")
def flake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    flake = copy_of_the_flake(tmp_path_factory.mktemp("flake"))
    (flake / "fleet.json").write_text(rendered_with(SERVERS))
    write_public_vars(flake)
    return flake


def test_every_server_evaluates_whole(flake: Path, check: Path) -> None:
    # A failing assertion would be an error here, as where a system is built.
    assert evaluate("forced", flake, check) == dict.fromkeys(SERVERS, True)


@pytest.mark.parametrize("machine", ["cinnabar", "electrum"])
def test_a_server_at_hetzner_gets_ipv6_from_cloud_init_which_does_nothing_else(
    machine: str, flake: Path, check: Path
) -> None:
    def config(option: str) -> Any:
        return evaluate(f"flake.nixosConfigurations.{machine}.config.{option}", flake, check)

    cloud_init = config("services.cloud-init")
    assert (cloud_init["enable"], cloud_init["network"]["enable"]) == (True, True)
    settings = cloud_init["settings"]
    assert settings["preserve_hostname"] is True
    assert settings["cloud_config_modules"] == settings["cloud_final_modules"] == []
    assert not {"users-groups", "update_hostname", "growpart"} & set(settings["cloud_init_modules"])
    assert config("networking.hostName") == machine

    # cloud-init's file is called 10-cloud-init-….network; what is here must not come before it.
    networks = config("systemd.network.networks")
    assert [name for name, network in networks.items() if network["matchConfig"].get("Type") == "ether"] == [
        "90-uplink"
    ]


def test_what_srvos_says_of_a_hetzner_disk_yields_to_the_disk_that_is_there(flake: Path, check: Path) -> None:
    for machine, encrypted in (("cinnabar", True), ("electrum", False)):
        config = f"flake.nixosConfigurations.{machine}.config"
        root = evaluate(f'{config}.fileSystems."/"', flake, check)
        assert root["device"] != "/dev/sda1"
        assert (root["device"] == "/dev/mapper/root") is encrypted
        assert evaluate(f"{config}.boot.loader.grub.devices", flake, check) == ["/dev/sda"]
        assert evaluate(f"{config}.boot.growPartition", flake, check) is not encrypted


def test_nobody_logs_in_by_a_google_project(flake: Path, check: Path) -> None:
    for machine in ("orb-nixos", "galena", "scheelite"):
        option = f"flake.nixosConfigurations.{machine}.config.security.googleOsLogin"
        assert evaluate(option, flake, check) == {"enable": False}


def test_the_graphics_card_has_open_kernel_modules_and_not_the_data_centre_s_driver(flake: Path, check: Path) -> None:
    driver = evaluate("flake.nixosConfigurations.scheelite.config.hardware.nvidia", flake, check)
    assert (driver["open"], driver["nvidiaPersistenced"], "datacenter" in driver) == (True, True, False)
    assert evaluate("flake.nixosConfigurations.galena.config.hardware.nvidia", flake, check) == {}
