"""The hand-off to Nix: what the flake may know of a fleet, as the content of `nix/fleet.json`.

No address and no secret: facts that are known only after creation go by command line, never into the tree.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fediversity.fleet.diagnostics import FleetError, Problem
from fediversity.fleet.machines import Machine
from fediversity.fleet.model import Fleet, Instance


def render(fleet: Fleet) -> dict[str, Any]:
    """Returns the enabled part of the fleet as plain data, in a fixed order."""
    return {
        "version": 1,
        "name": fleet.name,
        "domain": fleet.domain,
        "machines": {name: _machine(machine) for name, machine in sorted(fleet.enabled_machines.items())},
        "instances": {name: _instance(fleet, instance) for name, instance in sorted(fleet.instances.items())},
        "deployments": {name: entry.request() for name, entry in sorted(fleet.placed_deployments.items())},
    }


def render_text(fleet: Fleet) -> str:
    """Returns the exact content of `nix/fleet.json`, with a final newline."""
    return _text(render(fleet))


def require_current(rendered: Mapping[str, Any], file: Path, called: str | None = None) -> None:
    """Makes sure that `file` has the rendered fleet: Nix reads the file, Pulumi's program reads the fleet.
    `called` is its name in messages, if not its path.

    Raises FleetError if it is missing or stale.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        text = None
    if text != _text(rendered):
        what = "is missing" if text is None else "is stale: the fleet file has changed since it was written"
        raise FleetError([Problem(called or str(file), 0, "", what, "run `./just render STACK` and commit the result")])


def _text(rendered: Mapping[str, Any]) -> str:
    return json.dumps(rendered, indent=2, sort_keys=True) + "\n"


def _machine(machine: Machine) -> dict[str, Any]:
    return {
        "machineClass": machine.machineClass,
        "system": machine.system,
        "description": machine.description,
        "tags": sorted(machine.all_tags),
        "provider": machine.provider.kind,
        "encrypted": machine.disk.encrypted,
        "unlockPort": machine.disk.unlock_port if machine.disk.encrypted else None,
        "sshPort": machine.ssh.port,
        "user": machine.ssh.user,
        "mesh": machine.mesh,
    }


def _instance(fleet: Fleet, instance: Instance) -> dict[str, Any]:
    enabled = fleet.enabled_machines
    tags = {tag for machine in enabled.values() for tag in machine.all_tags}
    roles = {
        name: {
            "machines": sorted(set(assignment.machines) & set(enabled)),
            # A tag that no enabled machine has would be a warning of clan's at every evaluation.
            "tags": sorted(set(assignment.tags) & tags),
            "settings": assignment.settings,
        }
        for name, assignment in sorted(instance.roles.items())
    }
    return {"module": instance.module, "roles": roles}
