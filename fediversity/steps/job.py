"""A job: everything the runner is told about the one step it has to do, and how a step can end."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fediversity.ledger.records import Outcome, StepKind, step_name
from fediversity.support.errors import FediversityError


@dataclass(frozen=True)
class HealthCheck:
    """Something of a machine's own that must hold after an update: exactly one of them is asked (see `fleet`).

    `peer` is another member of the mesh `instance`, and `address` its address there, once that was looked up.
    """

    name: str
    command: str | None = None
    url: str | None = None
    port: int | None = None
    path: str = "/"
    status: int = 200
    tcp: int | None = None
    mesh: bool = False
    peer: str | None = None
    instance: str | None = None
    address: str | None = None
    timeout: float = 60.0


@dataclass(frozen=True)
class Job:
    """One step as it was given on the command line and in the environment.

    `subject` is the machine, the deployment, or the word fleet. `command` is the tool's command line, empty where
    the runner does the work itself. `state_dir` is the stack's own folder, absolute. `gate` names the machines whose
    update must not have been put off. `prepared`: the server came with NixOS, and no installer has run on it.
    `attempt` is the number that the step was declared with, if it has to run again for another reason than its
    fingerprint. `size` is what the cloud has made the server: another one means that it was switched off meanwhile.
    `formerly` lists the names that the machine had before. `patience` is a factor on every time that the runner waits;
    the time-outs of tools are not changed by it. `by_hand` is the command line that does the step again.
    """

    verb: StepKind
    subject: str
    stack: str
    state_dir: Path
    command: tuple[str, ...]
    timeout: float
    machine: str | None = None
    machine_class: Literal["nixos", "darwin"] = "nixos"
    user: str = "root"
    port: int = 22
    address: str | None = None
    server_id: str | None = None
    fingerprint: str | None = None
    attempt: int | None = None
    fleet: str = ""
    flake: str = "nix"
    identity: Path | None = None
    simulated: bool = False
    unlock_port: int | None = None
    reinstall: str | None = None
    prepared: bool = False
    size: str | None = None
    formerly: tuple[str, ...] = ()
    instance: str | None = None
    controller: str | None = None
    controller_user: str = "root"
    controller_port: int = 22
    controller_address: str | None = None
    deployment: Mapping[str, object] | None = None
    provider: str | None = None
    may_be_offline: bool = False
    gate: tuple[str, ...] = ()
    checks: tuple[HealthCheck, ...] = ()
    patience: float = 1.0
    by_hand: str = ""

    @property
    def step(self) -> str:
        """The step's name, as in the plan."""
        return step_name(self.subject, self.verb)

    @property
    def known_hosts(self) -> Path:
        """The folder of the host keys this stack has pinned: a file for each name, so that no two steps share one."""
        return self.state_dir / "known_hosts"

    @property
    def expected_identity(self) -> str:
        """What `/etc/fediversity/identity` holds on the right machine."""
        return f"{self.fleet}/{self.machine}"

    @property
    def former_identities(self) -> frozenset[str]:
        """What it holds on the right machine until its first update under its present name."""
        return frozenset(f"{self.fleet}/{name}" for name in self.formerly)


@dataclass(frozen=True)
class Result:
    """How a step ended well, with a reason a person understands, and the system the machine runs now if it looked."""

    outcome: Outcome
    reason: str
    system: str | None = None


class StepError(FediversityError):
    """A step that did not reach its end. `reason` says what happened, `hint` what a person can do about it."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason, hint)

    @property
    def reason(self) -> str:
        return self.message

    @property
    def hint(self) -> str:
        return self.fix


class RolledBackError(StepError):
    """A step that did not succeed, after which the machine runs `system` as before, which was looked at."""

    def __init__(self, reason: str, hint: str, system: str) -> None:
        self.system = system
        super().__init__(reason, hint)


class StopError(Exception):
    """The runner was told to stop, or the process that started it is gone.

    Not a FediversityError: there is nothing for a person to correct, and no handler of errors may swallow it.
    """
