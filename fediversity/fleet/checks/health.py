"""Whether a machine's own checks ask for what it can have."""

from collections.abc import Iterator

from fediversity.fleet.checks.common import unknown_machine
from fediversity.fleet.diagnostics import Finding, Location
from fediversity.fleet.model import Fleet
from fediversity.fleet.order import mesh_members, shared_mesh


def mesh_checks(fleet: Fleet) -> Iterator[Finding]:
    """Checks that only a machine that takes part in a mesh can be asked whether it is connected to it."""
    members = frozenset[str]().union(*mesh_members(fleet).values())
    for name, machine in fleet.enabled_machines.items():
        for index, check in enumerate(machine.checks):
            if check.mesh and machine.mesh is None and name not in members:
                where = ("machines", name, "checks", index, "mesh")
                fix = "remove the check, or give the machine a role of a zerotier instance (a Mac: `mesh`)"
                yield Finding(where, f"'{name}' takes part in no mesh", fix, absent=("instances",))


def peer_checks(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a check's `peer` is another enabled machine of the same mesh, and one that is always on."""
    for name, machine in fleet.enabled_machines.items():
        for index, check in enumerate(machine.checks):
            if check.peer is not None:
                yield from _peer(fleet, name, check.peer, ("machines", name, "checks", index, "peer"))


def _peer(fleet: Fleet, name: str, peer: str, where: Location) -> Iterator[Finding]:
    if peer == name:
        yield Finding(where, "a machine as its own peer", "name another machine, or ask for `mesh: true`")
    elif peer not in fleet.machines:
        yield unknown_machine(where, peer, fleet.machines)
    elif peer not in fleet.enabled_machines:
        yield Finding(where, f"'{peer}' is disabled", "remove the check, or name a machine that is enabled")
    elif shared_mesh(fleet, name, peer) is None:
        fix = "give both a role of one zerotier instance (a Mac: `mesh`), or remove the check"
        yield Finding(where, f"'{name}' and '{peer}' are in no mesh together", fix, absent=("instances",))
    elif fleet.machines[peer].deferred_when_off:
        fix = "name one that is always on, or set `may_be_offline: false` there"
        yield Finding(where, f"'{peer}' may be off, and then this update would be taken back", fix)
