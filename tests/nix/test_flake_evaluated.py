"""The flake in `nix/`, evaluated by Nix against copies of its inputs: does it mean what the fleet file says?"""

import json
from pathlib import Path
from typing import Any

import pytest

from fediversity.plan.fingerprint import role_members
from tests.nix.evaluation import FLAKE, copy_of_the_flake, evaluate, write_public_vars

FLEET: dict[str, Any] = json.loads((FLAKE / "fleet.json").read_text())
MACHINES: dict[str, Any] = FLEET["machines"]


def test_the_evaluated_roles_have_the_members_that_the_fleet_means() -> None:
    services = evaluate("members")
    evaluated = {name: roles for instances in services.values() for name, roles in instances.items()}
    assert evaluated == {
        name: {role: role_members(MACHINES, definition) for role, definition in instance["roles"].items()}
        for name, instance in FLEET["instances"].items()
    }


def test_the_evaluated_inventory_has_the_machines_of_the_fleet() -> None:
    inventory = evaluate("inventory")
    assert (inventory["meta"]["name"], inventory["meta"]["domain"]) == (FLEET["name"], FLEET["domain"])
    kept = ("machineClass", "tags", "description")
    assert {name: {key: machine[key] for key in kept} for name, machine in inventory["machines"].items()} == {
        name: {key: machine[key] for key in kept} for name, machine in MACHINES.items()
    }


def test_no_machine_has_a_failing_assertion_when_evaluated() -> None:
    assert evaluate("failed") == {name: [] for name in MACHINES}


def test_every_mac_evaluates_to_an_activation_script() -> None:
    macs = {name for name, machine in MACHINES.items() if machine["machineClass"] == "darwin"}
    scripts = evaluate("darwin")
    assert set(scripts) == macs
    assert all(scripts.values())


def test_every_server_evaluates_whole_once_its_public_vars_are_there(tmp_path: Path) -> None:
    flake = copy_of_the_flake(tmp_path)
    write_public_vars(flake)
    servers = [name for name, machine in MACHINES.items() if machine["machineClass"] == "nixos"]
    assert evaluate("forced", flake) == dict.fromkeys(servers, True)


@pytest.mark.parametrize("machine", sorted(MACHINES))
def test_each_evaluated_system_carries_its_identity_and_platform(machine: str) -> None:
    system = f"flake.{MACHINES[machine]['machineClass']}Configurations.{machine}"
    assert evaluate(f'{system}.config.environment.etc."fediversity/identity".text') == f"{FLEET['name']}/{machine}\n"
    assert evaluate(f"{system}._module.args.pkgs.stdenv.hostPlatform.system") == MACHINES[machine]["system"]


def test_encrypted_servers_generate_the_passphrase_and_the_initrd_s_host_key() -> None:
    generators = evaluate("generators")
    for name in generators:
        files = {generator: definition["files"] for generator, definition in generators[name].items()}
        encrypted = MACHINES[name]["encrypted"]
        assert files.get("luks") == (["passphrase"] if encrypted else None)
        assert files.get("initrd-ssh") == (["id_ed25519", "id_ed25519.pub"] if encrypted else None)
        assert all(not definition["prompts"] for definition in generators[name].values()), "nobody is there to answer"
