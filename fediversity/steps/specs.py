"""What each kind of step is told: one class for each kind. `job.Job` has what all kinds have in common.

`arguments.parse` makes them from a command line and its environment. What a kind cannot do without is a field without
None, so that no step is begun without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fediversity.fleet.health_checks import HealthCheck

Verb = Literal["vars", "reach", "install", "unlock", "online", "join", "update", "apply"]
MachineClass = Literal["nixos", "darwin"]


@dataclass(frozen=True)
class MachineSpec:
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


@dataclass(frozen=True)
class VarsSpec:
    """Generate the vars of the fleet with `command`."""

    command: tuple[str, ...]


@dataclass(frozen=True)
class OnMachine:
    """A step on one machine."""

    machine: MachineSpec


@dataclass(frozen=True)
class ReachSpec(OnMachine):
    """Wait until the machine answers. The step is deferred if the machine `may_be_offline` and is off."""

    may_be_offline: bool = False


@dataclass(frozen=True)
class InstallSpec(OnMachine):
    """Install NixOS with `command` on the server `server_id`.

    `reinstall` is the id of the server that may be erased although it runs a system of the fleet. The step waits for
    the machines in `gate`: it fails while the update of one of them is deferred. `unlock_port` is where an encrypted
    machine takes its passphrase. `provider` is the kind of provider that counts for the caps.
    """

    server_id: str
    command: tuple[str, ...]
    reinstall: str | None = None
    gate: tuple[str, ...] = ()
    unlock_port: int | None = None
    provider: str | None = None


@dataclass(frozen=True)
class UnlockSpec(OnMachine):
    """Unlock the encrypted disk through the SSH server at `unlock_port`.

    `prepared` says that the server came with NixOS, so that no installer has run on it. `size` is the type that the
    cloud made the server: another type than at the last unlock means that the server was switched off in between.
    """

    unlock_port: int
    prepared: bool = False
    size: str | None = None


@dataclass(frozen=True)
class OnlineSpec(OnMachine):
    """Wait until the machine runs its installed system."""


@dataclass(frozen=True)
class JoinSpec(OnMachine):
    """Join the mesh `instance`, which `controller` admits the machine to. Deferred while a machine in `gate` is."""

    instance: str
    controller: MachineSpec
    gate: tuple[str, ...] = ()
    may_be_offline: bool = False


@dataclass(frozen=True)
class SwitchSpec(OnMachine):
    """What an update and an apply have in common: `command` switches the machine's system, and `checks` must hold then.

    `former_names` are names that the machine had before. The other fields are as in `ReachSpec`, `InstallSpec` and
    `UnlockSpec`.
    """

    command: tuple[str, ...]
    checks: tuple[HealthCheck, ...] = ()
    gate: tuple[str, ...] = ()
    may_be_offline: bool = False
    provider: str | None = None
    unlock_port: int | None = None
    former_names: tuple[str, ...] = ()
    prepared: bool = False

    @property
    def former_identities(self) -> frozenset[str]:
        """The identities that the machine can have until its first update under its present name."""
        return frozenset(f"{self.machine.fleet}/{name}" for name in self.former_names)


@dataclass(frozen=True)
class UpdateSpec(SwitchSpec):
    """Update the machine's system."""


@dataclass(frozen=True)
class ApplySpec(SwitchSpec):
    """Deploy an application on the machine. `request` is the deployment as the fleet file asks for it."""

    deployment: str = field(kw_only=True)
    request: Mapping[str, object] = field(kw_only=True)


StepSpec = VarsSpec | ReachSpec | InstallSpec | UnlockSpec | OnlineSpec | JoinSpec | UpdateSpec | ApplySpec
