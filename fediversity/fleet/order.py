"""Finds what each machine waits for: `after:` resolved, and what the mesh and the deploying machine add."""

from collections.abc import Iterable, Mapping

from fediversity.fleet.base import TAG_PREFIX
from fediversity.fleet.model import Fleet
from fediversity.fleet.services import ZEROTIER


def resolve_after(fleet: Fleet, name: str, after: Iterable[str]) -> frozenset[str]:
    """Returns the enabled machines that the entries of an `after:` list mean, without `name` itself for tags.

    A disabled or unknown machine adds nothing: it can never be waited for.
    """
    found: set[str] = set()
    for entry in after:
        if entry.startswith(TAG_PREFIX):
            tag = entry.removeprefix(TAG_PREFIX)
            found |= {other for other, machine in fleet.enabled_machines.items() if tag in machine.all_tags} - {name}
        elif entry in fleet.enabled_machines:
            found.add(entry)
    return frozenset(found)


def controllers(fleet: Fleet) -> Mapping[str, str]:
    """Returns for each zerotier instance the machine that controls it, where exactly one enabled machine does."""
    found: dict[str, str] = {}
    for name, instance in fleet.instances.items():
        if instance.module == ZEROTIER and "controller" in instance.roles:
            members = fleet.members(instance.roles["controller"])
            if len(members) == 1:
                found[name] = members[0]
    return found


def mesh_members(fleet: Fleet) -> Mapping[str, frozenset[str]]:
    """Returns for each zerotier instance the enabled machines that take part in it."""
    found: dict[str, frozenset[str]] = {}
    for name, instance in fleet.instances.items():
        if instance.module == ZEROTIER:
            members = {member for role in instance.roles.values() for member in fleet.members(role)}
            macs = {machine for machine, entry in fleet.enabled_machines.items() if entry.mesh == name}
            found[name] = frozenset(members | macs)
    return found


def shared_mesh(fleet: Fleet, machine: str, other: str) -> str | None:
    """Returns the first zerotier instance that both machines take part in."""
    shared = (name for name, members in mesh_members(fleet).items() if {machine, other} <= members)
    return min(shared, default=None)


def mesh_controllers(fleet: Fleet) -> Mapping[str, frozenset[str]]:
    """Returns for each enabled machine the controllers of the meshes it takes part in, itself excluded."""
    found: dict[str, set[str]] = {name: set() for name in fleet.enabled_machines}
    members = mesh_members(fleet)
    for instance, controller in controllers(fleet).items():
        for member in members[instance] - {controller}:
            found[member].add(controller)
    return {name: frozenset(others) for name, others in found.items()}


def checked_peers(fleet: Fleet, name: str) -> frozenset[str]:
    """Returns the members of its mesh that a machine's checks ask for: they must be there before it is updated."""
    peers = {check.peer for check in fleet.machines[name].checks if check.peer} - {name}
    return frozenset(peer for peer in peers if shared_mesh(fleet, name, peer) is not None)


def machine_waits(fleet: Fleet) -> Mapping[str, frozenset[str]]:
    """Returns for each enabled machine the others that must have been updated before it: the whole order."""
    mesh = mesh_controllers(fleet)
    waits = {
        name: resolve_after(fleet, name, machine.after) | mesh[name] | checked_peers(fleet, name)
        for name, machine in fleet.enabled_machines.items()
    }
    if fleet.deploying_machine in waits:
        waits[fleet.deploying_machine] |= set(waits) - {fleet.deploying_machine}
    return waits
