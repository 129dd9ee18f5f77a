"""The records of the ledger: runs of steps, applied vars, probes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

StepKind = Literal["vars", "reach", "install", "unlock", "online", "join", "update", "apply"]
"""The kinds of steps of a rollout. The ledger also has the kind `rollback`, done by a person between rollouts."""

Outcome = Literal["applied", "unchanged", "deferred", "rolled_back", "failed", "interrupted"]
"""How a step ended. `interrupted`: its runner died, so it is unknown how far the step came."""

ENDED_WELL: frozenset[Outcome] = frozenset({"applied", "unchanged"})
"""The outcomes of a step that reached its goal."""

TAKES_TURNS = frozenset({"install", "update", "apply"})
"""The kinds of steps that are capped: only so many run at once."""


def step_name(subject: str, kind: str) -> str:
    """Returns the name of a step of a machine, a deployment or the whole fleet, which its Pulumi resource has too."""
    return f"{subject}-{kind}"


def update_step(machine: str) -> str:
    """Returns the name of the step that ends a machine's rollout."""
    return step_name(machine, "update")


@dataclass(frozen=True)
class StepRecord:
    """One run of one step. Times are seconds since 1970 (UTC); `ended_at` and `outcome` are None while it runs.

    `queued_at` is when the runner was started, `started_at` when it got its slot (installs run one at a time); both are
    equal until then. `command` is the tool's command line, which never holds a secret. `log` is relative to the stack's
    folder. `system` is the store path of the system that the machine ran afterwards, if the step looked. `address` is
    where the machine was reached, and `hint` what a person can do about a failure. `boot` is Linux' boot id: before an
    install, after any other step. `size` is the server's machine type, for a step that unlocks it.
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
        """The subject of the step: a machine, a deployment, or the word fleet."""
        return self.step.removesuffix(step_name("", self.kind))

    @property
    def waiting(self) -> bool:
        """Whether it still waits for its slot, or for its machine to answer."""
        return self.outcome is None and self.kind in TAKES_TURNS and self.started_at <= self.queued_at

    @property
    def ended_well(self) -> bool:
        """Whether the step reached its goal."""
        return self.outcome in ENDED_WELL

    def under(self, renamed: Mapping[str, str]) -> "StepRecord":
        """Returns the record under its machine's present name, by `renamed` (former name → present name)."""
        new = renamed.get(self.machine or "")
        if new is None:
            return self
        step = step_name(new, self.kind) if self.step == step_name(self.machine or "", self.kind) else self.step
        return replace(self, machine=new, step=step)


@dataclass(frozen=True)
class AppliedVars:
    """The vars and keys of a machine's last good update: hashes by path (see `ledger.vars_hashes`).

    `at` is its time (seconds since 1970, UTC). `mark` is the number that its step was declared with, if any (see
    `planning.rerun`).
    """

    machine: str
    at: float
    files: Mapping[str, str]
    mark: int | None

    def under(self, renamed: Mapping[str, str]) -> "AppliedVars":
        """Returns the same under the machine's present name, by `renamed` (former name → present name)."""
        return replace(self, machine=renamed.get(self.machine, self.machine))


@dataclass(frozen=True)
class Probe:
    """One probe of a machine between rollouts, at `at` (seconds since 1970, UTC).

    `drift`: the machine answered, and runs or would boot another system than the one that was last applied. `system` is
    the one it runs, if it answered so. `detail` is for people.
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
        """Returns the probe under its machine's present name, by `renamed` (former name → present name)."""
        return replace(self, machine=renamed.get(self.machine, self.machine))
