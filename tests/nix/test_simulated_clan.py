"""The simulated clan generates the vars that the real modules of the flake declare, no more and no fewer."""

import json
from typing import Any

import pytest

from fediversity.embedded_cloud.tools.flake import Flake
from fediversity.embedded_cloud.tools.generators import machine_generators
from tests.nix.evaluation import FLAKE, evaluate

MACHINES: dict[str, Any] = json.loads((FLAKE / "fleet.json").read_text())["machines"]


def simulated(machine: str) -> dict[str, tuple[list[str], bool]]:
    """The files of each generator of a machine, and whether it is shared, as the stand-in has them."""
    return {
        generator.name: (sorted(file.name for file in generator.files), generator.machine is None)
        for generator in machine_generators(Flake.load(FLAKE), machine)
    }


def test_a_server_of_the_simulation_has_the_vars_that_its_modules_declare() -> None:
    for machine, generators in evaluate("generators").items():
        declared = {name: (sorted(found["files"]), found["share"]) for name, found in generators.items()}
        assert simulated(machine) == declared, machine


@pytest.mark.parametrize("machine", sorted(name for name, entry in MACHINES.items() if entry["mesh"]))
def test_a_mac_of_the_simulation_has_the_vars_of_its_place_in_the_mesh(machine: str) -> None:
    generators = f"flake.darwinConfigurations.{machine}.config.clan.core.vars.generators"
    for name, (files, shared) in simulated(machine).items():
        assert evaluate(f'{generators}."{name}".share') == shared
        for file in files:
            assert isinstance(evaluate(f'{generators}."{name}".files."{file}".secret'), bool)
