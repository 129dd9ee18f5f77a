"""The flake in `nix/`, evaluated by Nix against copies of its inputs: does it mean what the fleet file says?

This wants `nix-instantiate` on the path, `NIX_INPUTS` naming a folder with a checkout of each input, and
`../shared/nix-eval` beside the project; it needs no network, no store and no nixpkgs. Without them it skips.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fediversity.plan.fingerprint import role_members

ROOT = Path(__file__).parents[2]
FLAKE = ROOT / "nix"
CHECK = ROOT / "../shared/nix-eval/check.nix"
FLEET: dict[str, Any] = json.loads((FLAKE / "fleet.json").read_text())
MACHINES: dict[str, Any] = FLEET["machines"]


def evaluate(attribute: str, flake: Path = FLAKE) -> Any:
    """Evaluates one attribute of the flake's check; skips the test where that is not possible, fails it on an error."""
    program = shutil.which("nix-instantiate")
    if "NIX_INPUTS" not in os.environ or program is None or not CHECK.is_file():
        pytest.skip("evaluating the flake needs NIX_INPUTS, nix-instantiate and ../shared/nix-eval")
    command = [program, "--eval", "--strict", "--json", str(CHECK.resolve()), "--arg", "src", str(flake)]
    environment = {**os.environ, "NIX_REMOTE": "dummy://"}
    done = subprocess.run([*command, "-A", attribute], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def write_public_vars(flake: Path) -> None:
    """Writes a made-up value for every public var, as `clan vars generate` would write the true ones."""
    for var in evaluate("publicVars", flake):
        value = flake / "vars" / var / "value"
        value.parent.mkdir(parents=True, exist_ok=True)
        value.write_text("made-up")


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
    flake = tmp_path / "nix"
    shutil.copytree(FLAKE, flake)
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
