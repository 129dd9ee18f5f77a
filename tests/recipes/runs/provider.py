"""A machine at Example Cloud: validated, planned, declared, judged, priced, guarded, and its account is known."""

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

from fediversity.cli.main import main
from fediversity.cost.deployed import deployed_items
from fediversity.cost.estimate import estimate
from fediversity.cost.fleet_items import fleet_items
from fediversity.cost.prices import load_prices
from fediversity.fleet.load import load_fleet
from fediversity.fleet.providers.registry import PROVIDERS
from fediversity.program.mock_pulumi import declared_resources
from fediversity.project.settings import parse_settings
from fediversity.rollout.destructive_changes import findings_of, refusals

FLEET = Path("stacks/example.yaml")
FLEET.write_text("""
version: 1
name: little
domain: mesh
operators:
  operator:
    keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOperatorOperatorOperatorOperatorOperatorOp operator@laptop]
machines:
  oak:
    machineClass: nixos
    system: x86_64-linux
    provider: {kind: example, server_size: small, region: north}
    disk: {encrypted: true}
instances: {sshd: {module: sshd, roles: {server: {tags: [nixos]}}}}
limits: {per_provider: {example: 1}}
policy: {places: [north], types: [small], budget: {monthly: 10}}
""")
Path("Pulumi.example.yaml").write_text("""
config:
  fediversity:fleet: stacks/example.yaml
  fediversity:machines: real
  fediversity:credentials: {example: env}
  fediversity:endpoints: {example: "https://proxy.example/v1"}
""")

for command in ("schema --check", "validate example", "render example", "plan example", "policy example"):
    assert main(command.split()) == 0, f"`fediversity {command}` fails"

fleet = load_fleet(FLEET)
settings = parse_settings("example", {"fleet": str(FLEET)})
[provider] = [entry for entry in declared_resources(fleet, settings) if entry.type == "pulumi:providers:example"]
[server] = [entry for entry in declared_resources(fleet, settings) if entry.type == "example:index/server:Server"]
assert server.provider == provider.name
assert server.inputs["labels"] == {"fleet": "little", "environment": "example", "machine": "oak"}

wanted = fleet_items(fleet)
assert estimate(wanted, load_prices()).unpriced == (), "a price is missing"
state = {"urn": server.urn, "type": server.type, "custom": True, "id": "srv-1", "inputs": server.inputs}
assert deployed_items([state]) == wanted, "a state is not priced as the fleet file is"

step = {"op": "delete", "urn": server.urn, "oldState": state | {"parent": server.parent, "protect": True}}
found = findings_of({"steps": [step]}, {"resources": [state]}, whole=True)
[refusal] = refusals(found.losses, fleet, str(FLEET), servers_too=False)
assert "the server of oak, srv-1, would be deleted" in refusal

told = Path("docs/fleet-file.md").read_text()
kinds = [get_args(known.model_fields["kind"].annotation)[0] for known in PROVIDERS]
assert [kind for kind in kinds if not re.search(rf"^\| `provider.kind:.*\b{kind}\b", told, re.MULTILINE)] == []

pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
subprocess.run([*pytest, "tests/fleet/test_example.py"], check=True)
