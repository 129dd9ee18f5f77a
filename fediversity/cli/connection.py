"""How a machine of a stack is reached between rollouts, with the engine stopped.

Where a server is, only its cloud knows; so every step writes down where it reached its machine, in the ledger. That is
there as long as the stack's pinned host keys are, beside which it lies, whoever keeps the engine's state and with
whichever passphrase. Of a machine that nobody creates the fleet file itself says where it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fediversity.fleet.model import Fleet
from fediversity.ledger import history
from fediversity.ledger.records import StepRecord
from fediversity.planning.stacks import state_folder
from fediversity.project.settings import Settings
from fediversity.steps.transport.cancellation import Cancellation
from fediversity.steps.transport.ssh import Target


@dataclass(frozen=True)
class Connection:
    """A machine over SSH, and what it must say about itself."""

    target: Target
    identity: str
    is_mac: bool

    @property
    def machine_class(self) -> str:
        """As the fleet file names it."""
        return "darwin" if self.is_mac else "nixos"

    @property
    def name(self) -> str:
        """The machine's name."""
        return self.target.alias

    def stopping_by(self, stop: Cancellation) -> "Connection":
        """The same, for a process that is to stop by `stop`."""
        return replace(self, target=replace(self.target, stop=stop))


def connect(settings: Settings, fleet: Fleet, name: str, records: Sequence[StepRecord]) -> Connection | None:
    """How a machine is reached; None if nobody knows where it is. To be called in the project's folder."""
    machine = fleet.machines[name]
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
        known_hosts=Path.cwd() / state_folder(settings.stack) / "known_hosts",
        identity=Path.cwd() / Path(identity).expanduser() if identity else None,
    )
    return Connection(target, f"{fleet.name}/{name}", machine.machineClass == "darwin")
