"""What is known of the servers behind machines: a pure function of the fleet and of what the ledger holds.

A server is known once a step has run on it: the ledger has its id, and how its steps ended.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fediversity.fleet.machines import Machine
from fediversity.fleet.model import Fleet
from fediversity.ledger.records import ENDED_WELL
from fediversity.planning.steps import Plan

_RUNS_ITS_SYSTEM = frozenset({"online", "update"})
"""The kinds of steps that end well only on a server that runs the system of its machine."""


class Run(Protocol):
    """A run of a step, as the ledger has it."""

    @property
    def id(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def machine(self) -> str | None: ...
    @property
    def server_id(self) -> str | None: ...
    @property
    def outcome(self) -> str | None: ...


@dataclass(frozen=True)
class KnownServers:
    """What is known of the servers of a fleet's machines. Without anything, no machine has a server yet.

    `ids` are those of the newest servers by machine. `settled` are the machines whose server runs their system. To
    `installed` a rollout has brought NixOS, or has begun to. `coming` are the machines that get another server by what
    is done now, whatever is known of the present one.
    """

    ids: Mapping[str, str] = field(default_factory=dict)
    settled: frozenset[str] = frozenset()
    installed: frozenset[str] = frozenset()
    coming: frozenset[str] = frozenset()

    def size(self, name: str, machine: Machine) -> str | None:
        """The machine type that a server has now: a larger one while NixOS is installed, if the fleet file says so."""
        new = name not in self.settled or name in self.coming
        return machine.install_size if new and not self.comes_with_nixos(name, machine) else machine.size

    def comes_with_nixos(self, name: str, machine: Machine) -> bool:
        """Whether the installer is left out: the server boots a prepared image, or is taken over as it is.

        What the fleet file says of a server's image counts for new servers only.
        """
        if not machine.installed_by_us:
            return False
        if name in self.coming:
            return machine.boots_nixos
        present = {self.ids.get(name), machine.import_.server if machine.import_ else None}
        if name in self.installed or (machine.reinstall is not None and machine.reinstall in present):
            return False
        return machine.boots_nixos or machine.import_ is not None or name in self.settled


UNKNOWN = KnownServers()
"""Before the first rollout."""


def known_servers(fleet: Fleet, runs: Iterable[Run], coming: Collection[str] = ()) -> KnownServers:
    """What is known of a fleet's servers. The runs of renamed machines must have their new names."""
    of_servers = [run for run in runs if run.machine in fleet.machines and run.server_id]
    ids = {str(run.machine): str(run.server_id) for run in sorted(of_servers, key=lambda run: run.id)}
    present = [run for run in of_servers if run.server_id == ids[str(run.machine)]]
    settled = {str(run.machine) for run in present if run.kind in _RUNS_ITS_SYSTEM and run.outcome in ENDED_WELL}
    installed = {str(run.machine) for run in present if run.kind == "install"}
    return KnownServers(ids, frozenset(settled), frozenset(installed), frozenset(coming))


def former_names(fleet: Fleet) -> Mapping[str, str]:
    """For each name that a machine had before, the name it has now."""
    return {old: name for name, machine in fleet.machines.items() for old in machine.formerly}


def former_steps(fleet: Fleet, plan: Plan) -> frozenset[str]:
    """What the steps of renamed machines were called before."""
    return frozenset(
        f"{old}-{step.kind}"
        for step in plan
        if step.machine and not step.deployment
        for old in fleet.machines[step.machine].formerly
    )
