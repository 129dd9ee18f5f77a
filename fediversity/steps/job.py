"""What a step of any kind is told, and how a step can end."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fediversity.ledger.records import Outcome, StepKind, step_name
from fediversity.support.errors import FediversityError


class Job(NamedTuple):
    """What a step of any kind is told.

    `subject` is the machine, the deployment, or the word fleet. `state_dir` is the stack's own folder, absolute.
    `timeout` is how many seconds the step's tool, or its waiting, may take. `attempt` is the number that the step was
    declared with if it runs again for another reason than its fingerprint. `patience` is a factor on all waiting; the
    time-outs of tools do not change with it. `by_hand` is the command line that repeats the step.
    """

    verb: StepKind
    subject: str
    stack: str
    state_dir: Path
    timeout: float
    server_id: str | None = None
    fingerprint: str | None = None
    attempt: int | None = None
    flake: str = "nix"
    identity: Path | None = None
    simulated: bool = False
    patience: float = 1.0
    by_hand: str = ""

    @property
    def step(self) -> str:
        """The name of the step in the plan."""
        return step_name(self.subject, self.verb)

    @property
    def known_hosts(self) -> Path:
        """The folder of the host keys that this stack has pinned: a file for each name, so that steps share none."""
        return self.state_dir / "known_hosts"


@dataclass(frozen=True)
class Result:
    """The good end of a step: a reason for people, and the system that the machine runs now if the step looked."""

    outcome: Outcome
    reason: str
    system: str | None = None


class StepError(FediversityError):
    """A step that failed. `reason` says what happened, `hint` what a person can do about it."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason, hint)

    @property
    def reason(self) -> str:
        return self.message

    @property
    def hint(self) -> str:
        return self.fix


class RolledBackError(StepError):
    """A step that failed, after which the machine was seen to run `system` as before."""

    def __init__(self, reason: str, hint: str, system: str) -> None:
        self.system = system
        super().__init__(reason, hint)


class StopError(Exception):
    """The runner was told to stop, or the process that started it has ended.

    Not a FediversityError: there is nothing for a person to correct, and no handler of errors may swallow it.
    """
