"""The flake in `nix/`, evaluated by Nix against copies of its inputs: does it mean what the fleet file says?"""

import json
from pathlib import Path
from typing import Any

import pytest

from fediversity.planning.fingerprint import role_members
from tests.nix.evaluation import FLAKE, copy_of_the_flake, evaluate, write_public_vars

FLEET: dict[str, Any] = json.loads((FLAKE / "fleet.json").read_text())
MACHINES: dict[str, Any] = FLEET["machines"]


def part_of(wanted: Any, whole: Any) -> Any:
    """What a setting holds of the keys that are wanted: an evaluated setting also has the defaults of its service."""
    if isinstance(wanted, dict):
        return {key: part_of(value, whole[key]) for key, value in wanted.items()}
    return whole


def test_the_evaluated_roles_have_the_members_that_the_fleet_means() -> None:
    services = evaluate("members")
    evaluated = {name: roles for instances in services.values() for name, roles in instances.items()}
    assert evaluated == {
        name: {role: role_members(MACHINES, definition) for role, definition in instance["roles"].items()}
        for name, instance in FLEET["instances"].items()
    }


def test_the_evaluated_inventory_gives_each_role_to_the_machines_and_tags_of_the_fleet() -> None:
    inventory = evaluate("inventory")["instances"]
    assert {name: instance["module"]["name"] for name, instance in inventory.items()} == {
        name: instance["module"] for name, instance in FLEET["instances"].items()
    }
    for name, instance in FLEET["instances"].items():
        assert set(inventory[name]["roles"]) == set(instance["roles"]), name
        for role, given in instance["roles"].items():
            evaluated = inventory[name]["roles"][role]
            assert sorted(evaluated["machines"]) == given["machines"], (name, role)
            assert sorted(evaluated["tags"]) == given["tags"], (name, role)


def test_every_member_of_a_role_has_the_settings_that_the_fleet_gives_it() -> None:
    services = evaluate("settings")
    evaluated = {name: roles for instances in services.values() for name, roles in instances.items()}
    for name, instance in FLEET["instances"].items():
        for role, given in instance["roles"].items():
            members = role_members(MACHINES, given)
            assert set(evaluated[name][role]) == set(members), (name, role)
            for machine in members:
                assert part_of(given["settings"], evaluated[name][role][machine]) == given["settings"], (name, role)


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


def test_the_mesh_s_controller_admits_the_macs_by_the_addresses_among_the_vars(tmp_path: Path) -> None:
    flake = copy_of_the_flake(tmp_path)
    macs = sorted(name for name, machine in MACHINES.items() if machine["mesh"] == "zerotier-local")
    assert macs, "the fleet has no Mac in the mesh"
    made_up = {mac: f"fd00::{number}" for number, mac in enumerate(macs, start=1)}
    for mac, address in made_up.items():
        value = flake / f"vars/shared/zerotier-ip-{mac}-zerotier-local/ip/value"
        value.parent.mkdir(parents=True)
        value.write_text(address)
    for source, admitted in ((FLAKE, []), (flake, list(made_up.values()))):
        roles = evaluate("settings", source)["<clan-core>-zerotier"]["zerotier-local"]
        assert {name: settings["allowedIps"] for name, settings in roles["controller"].items()} == {
            "cinnabar": admitted
        }


def test_the_controller_computes_the_macs_addresses_and_cannot_read_their_identities() -> None:
    of_controller = evaluate("generators")["cinnabar"]
    for mac in (name for name, machine in MACHINES.items() if machine["mesh"] == "zerotier-local"):
        address = of_controller[f"zerotier-ip-{mac}-zerotier-local"]
        assert (address["share"], address["files"]) == (True, ["ip"])
        assert sorted(address["deps"]) == [f"zerotier-identity-{mac}", "zerotier-network-zerotier-local"]
        assert f"zerotier-identity-{mac}" not in of_controller, "whoever declares a shared secret may decrypt it"
