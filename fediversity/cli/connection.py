"""Connects to the machines of a stack between rollouts, without Pulumi.

The address of a server is in the ledger: every step records where it reached its machine. The ledger lies beside the
stack's pinned host keys, so both are there or neither, and Pulumi's state and its passphrase are not needed. Macs and
existing servers have their addresses in the fleet file.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fediversity.fleet.model import Fleet
from fediversity.ledger import history
from fediversity.ledger.records import StepRecord
from fediversity.project.project import Project
from fediversity.steps.transport.cancellation import Cancellation
from fediversity.steps.transport.ssh import Target


@dataclass(frozen=True)
class Connection:
    """A machine over SSH, and the identity that it must report."""

    target: Target
    identity: str
    is_mac: bool

    @property
    def machine_class(self) -> str:
        """The class of the machine as the fleet file names it."""
        return "darwin" if self.is_mac else "nixos"

    @property
    def name(self) -> str:
        """The machine's name."""
        return self.target.alias

    def stopping_by(self, stop: Cancellation) -> "Connection":
        """Returns a copy whose commands end when `stop` is cancelled."""
        return replace(self, target=replace(self.target, stop=stop))


def connect(project: Project, fleet: Fleet, name: str, records: Sequence[StepRecord]) -> Connection | None:
    """Returns the connection to a machine, None if its address is not known."""
    machine, settings = fleet.machines[name], project.settings
    address = history.last_address(history.of_machine(records, name))
    if not settings.simulated and machine.provider.fixed_host is not None:
        address = machine.provider.fixed_host
    if address is None:
        return None
    identity = settings.site.identity
    target = Target(
        host=address,
        port=settings.site.port(machine.ssh.port),
        user=machine.ssh.user,
        alias=name,
        known_hosts=project.known_hosts,
        identity=project.root / Path(identity).expanduser() if identity else None,
    )
    return Connection(target, f"{fleet.name}/{name}", machine.machineClass == "darwin")
