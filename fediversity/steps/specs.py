"""What each kind of step is told: one class for each kind. `job.Job` has what all kinds have in common.

`arguments.parse` makes them from a command line and its environment. What a kind cannot do without is a field without
None, so that no step is begun without it. They are named tuples: every start of the runner defines them all, and to
define a dataclass takes eight times as long.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from fediversity.fleet.health_checks import HealthCheck

MachineClass = Literal["nixos", "darwin"]


class MachineSpec(NamedTuple):
    """A machine, how to log in to it, and the fleet that its identity names."""

    name: str
    address: str
    fleet: str = ""
    user: str = "root"
    port: int = 22
    machine_class: MachineClass = "nixos"

    @property
    def identity(self) -> str:
        """The content of `/etc/fediversity/identity` on this machine."""
        return f"{self.fleet}/{self.name}"


class VarsSpec(NamedTuple):
    """Generate the vars of the fleet with `command`."""

    command: tuple[str, ...]


class ReachSpec(NamedTuple):
    """Wait until the machine answers. The step is deferred if the machine `may_be_offline` and is off."""

    machine: MachineSpec
    may_be_offline: bool = False


class InstallSpec(NamedTuple):
    """Install NixOS with `command` on the server `server_id`.

    `reinstall` is the id of the server that may be erased although it runs a system of the fleet. The step waits for
    the machines in `gate`: it fails while the update of one of them is deferred. `unlock_port` is where an encrypted
    machine takes its passphrase. `provider` is the kind of provider that counts for the caps.
    """

    machine: MachineSpec
    server_id: str
    command: tuple[str, ...]
    reinstall: str | None = None
    gate: tuple[str, ...] = ()
    unlock_port: int | None = None
    provider: str | None = None


class UnlockSpec(NamedTuple):
    """Unlock the encrypted disk through the SSH server at `unlock_port`.

    `prepared` says that the server came with NixOS, so that no installer has run on it. `size` is the type that the
    cloud made the server: another type than at the last unlock means that the server was switched off in between.
    """

    machine: MachineSpec
    unlock_port: int
    prepared: bool = False
    size: str | None = None


class OnlineSpec(NamedTuple):
    """Wait until the machine runs its installed system."""

    machine: MachineSpec


class JoinSpec(NamedTuple):
    """Join the mesh `instance`, which `controller` admits the machine to. Deferred while a machine in `gate` is."""

    machine: MachineSpec
    instance: str
    controller: MachineSpec
    gate: tuple[str, ...] = ()
    may_be_offline: bool = False


class UpdateSpec(NamedTuple):
    """Update the machine's system with `command`. Afterwards `checks` must hold.

    `former_names` are names that the machine had before. The other fields are as in `ReachSpec`, `InstallSpec` and
    `UnlockSpec`.
    """

    machine: MachineSpec
    command: tuple[str, ...]
    checks: tuple[HealthCheck, ...] = ()
    gate: tuple[str, ...] = ()
    may_be_offline: bool = False
    provider: str | None = None
    unlock_port: int | None = None
    former_names: tuple[str, ...] = ()
    prepared: bool = False


class ApplySpec(NamedTuple):
    """Deploy an application on the machine. `request` is the deployment as the fleet file asks for it.

    The other fields are as in `UpdateSpec`.
    """

    machine: MachineSpec
    command: tuple[str, ...]
    deployment: str
    request: Mapping[str, object]
    checks: tuple[HealthCheck, ...] = ()
    gate: tuple[str, ...] = ()
    may_be_offline: bool = False
    provider: str | None = None
    unlock_port: int | None = None
    former_names: tuple[str, ...] = ()
    prepared: bool = False


SwitchSpec = UpdateSpec | ApplySpec
"""A step that switches the system of a machine."""

OnMachine = ReachSpec | InstallSpec | UnlockSpec | OnlineSpec | JoinSpec | UpdateSpec | ApplySpec
"""A step on one machine."""

StepSpec = VarsSpec | OnMachine
