"""Machines that are switched off are no part of the flake: here they are switched on, in a copy of it."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from fediversity.fleet.handoff import render_text
from fediversity.fleet.load import parse_fleet
from tests.nix.evaluation import CHECK, ROOT, copy_of_the_flake, evaluate, write_public_vars

STACK = ROOT / "stacks/dev.yaml"
LIKE = "orb-nixos"
"""What a machine is like that has a module and is not in the fleet file yet."""


def everything_switched_on(servers: list[str]) -> str:
    """What `fediversity render` writes when each of these servers is part of the fleet."""
    data: dict[str, Any] = yaml.safe_load(STACK.read_text())
    for name in servers:
        entry = data["machines"].setdefault(name, copy.deepcopy(data["machines"][LIKE]))
        entry["enabled"] = True
    return render_text(parse_fleet(yaml.safe_dump(data), str(STACK)))


def servers_of_the_flake() -> list[str]:
    """Every NixOS machine that has a module, in the fleet or not."""
    return [name.removeprefix("machines/") for name in evaluate("modules")["nixos"] if name.startswith("machines/")]


@pytest.fixture(scope="module")
def flake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the flake with all its servers switched on and made-up public vars."""
    whole = copy_of_the_flake(tmp_path_factory.mktemp("switched-on"))
    (whole / "fleet.json").write_text(everything_switched_on(servers_of_the_flake()))
    write_public_vars(whole)
    return whole


def test_the_spare_servers_are_among_those_that_are_switched_on(flake: Path) -> None:
    assert {"electrum", "galena", "scheelite", "cinnabar"} <= set(evaluate("failed", flake))


def test_no_server_of_the_flake_has_a_failing_assertion(flake: Path) -> None:
    failed = evaluate("failed", flake)
    assert {name: failed[name] for name in servers_of_the_flake()} == {name: [] for name in servers_of_the_flake()}


def test_every_server_of_the_flake_evaluates_whole(flake: Path) -> None:
    assert evaluate("forced", flake) == dict.fromkeys(servers_of_the_flake(), True)


def test_a_server_with_a_graphics_card_has_its_driver_and_no_other_unfree_package(flake: Path, tmp_path: Path) -> None:
    expression = tmp_path / "allowed.nix"
    expression.write_text(f"""
        {{ src }}:
        let
          configurations = (import {CHECK.resolve()} {{ inherit src; }}).flake.nixosConfigurations;
          inherit (configurations.scheelite) config;
          allows = pname: config.nixpkgs.config.allowUnfreePredicate {{ inherit pname; }};
        in
        {{
          drivers = config.services.xserver.videoDrivers;
          allowed = map allows [ "nvidia-x11" "nvidia-persistenced" ];
          refused = map allows [ "steam" "nvidia" "cuda_nvcc" ];
          others = configurations.galena.config.nixpkgs.config;
        }}
    """)
    assert evaluate("drivers", flake, expression) == ["nvidia"]
    assert evaluate("allowed", flake, expression) == [True, True]
    assert evaluate("refused", flake, expression) == [False, False, False]
    assert evaluate("others", flake, expression) == {}


@pytest.mark.parametrize("machine", ["orb-nixos", "galena", "scheelite"])
def test_a_server_at_google_takes_google_s_time_and_its_console_is_the_serial_line(flake: Path, machine: str) -> None:
    config = f"flake.nixosConfigurations.{machine}.config"
    assert evaluate(f"{config}.networking.timeServers", flake) == ["metadata.google.internal"]
    consoles = [value for value in evaluate(f"{config}.boot.kernelParams", flake) if value.startswith("console=")]
    assert consoles == ["console=tty0", "console=ttyS0,115200"], "the last one gets the passphrase prompt"


@pytest.mark.parametrize("machine", ["cinnabar", "electrum"])
def test_a_server_at_hetzner_shows_its_boot_on_screen_and_serial_line(flake: Path, machine: str) -> None:
    parameters = evaluate(f"flake.nixosConfigurations.{machine}.config.boot.kernelParams", flake)
    assert {"console=ttyS0,115200", "console=tty0"} <= set(parameters)
