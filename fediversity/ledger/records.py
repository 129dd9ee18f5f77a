"""What the ledger remembers of a step."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

StepKind = Literal["vars", "reach", "install", "unlock", "online", "join", "update", "apply"]
"""The kinds of steps of a rollout. The ledger also has the kind `rollback`, which a person does between rollouts."""

Outcome = Literal["applied", "unchanged", "deferred", "rolled_back", "failed", "interrupted"]
"""How a step ended. `interrupted`: whoever ran it died in the middle, so nobody knows how far it came."""

ENDED_WELL: frozenset[Outcome] = frozenset({"applied", "unchanged"})
"""The outcomes of a step that reached what it was for."""

TAKES_TURNS = frozenset({"install", "update", "apply"})
"""The kinds of steps of which only so many are at work at once."""


def step_name(subject: str, kind: str) -> str:
    """The name of a step of a machine, a deployment or the whole fleet. Pulumi's resource has it too."""
    return f"{subject}-{kind}"


def update_step(machine: str) -> str:
    """The name of the step that ends a machine's rollout."""
    return step_name(machine, "update")


@dataclass(frozen=True)
class StepRecord:
    """One run of one step. Times are seconds since 1970 (UTC); `ended_at` and `outcome` are None while it runs.

    `queued_at` is when the runner was started, `started_at` when it had its turn (installs go one at a time); both are
    the same until the turn comes. `command` is the tool's command line, which never holds a secret. `log` is relative
    to the stack's folder. `system` is the path in the Nix store of the system that the machine ran afterwards, if the
    step looked. `address` is where the machine was reached, and `hint` what a person can do about a bad end.
    `boot` is Linux' boot id of the machine: before an install, after everything else. `size` is what its server was
    made as (see `plan`), where the step unlocks it.
    """

    id: int
    step: str
    kind: str
    machine: str | None
    server_id: str | None
    fingerprint: str | None
    command: str
    pid: int
    queued_at: float
    started_at: float
    ended_at: float | None
    outcome: Outcome | None
    reason: str | None
    log: str | None
    system: str | None = None
    address: str | None = None
    hint: str | None = None
    boot: str | None = None
    size: str | None = None

    @property
    def subject(self) -> str:
        """What the step was about: a machine, a deployment, or the word fleet."""
        return self.step.removesuffix(step_name("", self.kind))

    @property
    def waiting(self) -> bool:
        """Whether it has not had its turn yet: others are at work, or its machine has not answered."""
        return self.outcome is None and self.kind in TAKES_TURNS and self.started_at <= self.queued_at

    @property
    def ended_well(self) -> bool:
        """Whether the step reached what it was for."""
        return self.outcome in ENDED_WELL

    def under(self, renamed: Mapping[str, str]) -> "StepRecord":
        """The record with its machine's present name, if `renamed` has one for the name it was written under."""
        new = renamed.get(self.machine or "")
        if new is None:
            return self
        step = step_name(new, self.kind) if self.step == step_name(self.machine or "", self.kind) else self.step
        return replace(self, machine=new, step=step)


@dataclass(frozen=True)
class AppliedVars:
    """The vars and keys that a machine's last good update brought it: hashes by path (see `ledger.given`).

    `at` is when (seconds since 1970, UTC). `mark` is the number that its step was declared with, if it ever was (see
    `plan.attempts`).
    """

    machine: str
    at: float
    files: Mapping[str, str]
    mark: int | None

    def under(self, renamed: Mapping[str, str]) -> "AppliedVars":
        """The same of the machine's present name, if `renamed` has one for the name it was written under."""
        return replace(self, machine=renamed.get(self.machine, self.machine))


@dataclass(frozen=True)
class Probe:
    """One look at a machine between rollouts, at `at` (seconds since 1970, UTC).

    `drift`: the machine answered, and runs or would boot another system than the one that was applied last. `system` is
    what it runs, if it said so. `detail` is for people.
    """

    id: int
    machine: str
    at: float
    reachable: bool
    healthy: bool
    drift: bool
    system: str | None
    detail: str

    def under(self, renamed: Mapping[str, str]) -> "Probe":
        """The look with its machine's present name, if `renamed` has one for the name it was written under."""
        return replace(self, machine=renamed.get(self.machine, self.machine))
