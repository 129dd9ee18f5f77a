"""Finding a machine: waiting for its answer, and telling one that is off from one that is wrong."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from fediversity.ledger.records import update_step
from fediversity.steps.context import StepContext
from fediversity.steps.job import Result, StepError
from fediversity.steps.log import Log
from fediversity.steps.observe.host_facts import unreachable
from fediversity.steps.transport.ssh import SshResult, Target, pin_host_key

T = TypeVar("T")

BACK_SECONDS = 300.0
"""How long a machine may be gone after it was changed."""

ANSWER_SECONDS = 60.0
"""How long a lost connection may take to come back."""

_OFF_SECONDS = 30.0
_TRIES = 3


class AwayError(StepError):
    """A machine that may be off went away before anything was changed."""


def wait_for_ssh(context: StepContext, machine: Target, *, seconds: float | None = None) -> Result | None:
    """Waits until the machine answers, by default for as long as a lost connection takes to come back.

    Gives a result only if it does not, and may be off: the step is put off then. Raises StepError if it does not.
    """
    off = context.job.may_be_offline
    usual = context.patient(_OFF_SECONDS if off else ANSWER_SECONDS)
    answer = machine.wait(usual if seconds is None or off else seconds)
    if answer.ok:
        return None
    reason, hint = unreachable(machine, answer)
    if off and is_off(answer):
        return defer(reason, machine)
    raise StepError(reason, hint)


def defer(reason: str, machine: Target) -> Result:
    """The step is done by the next rollout, for the machine is off, of which `reason` tells."""
    return Result("deferred", f"{machine.alias} may be off, and {reason}; the next rollout does this step")


def is_off(answer: SshResult) -> bool:
    """Whether the machine itself did not answer. One with another host key, or that refuses us, is there."""
    return answer.unreached and not answer.wrong_host_key and not answer.login_refused


def retry_until(log: Log, machine: Target, seconds: float, ask: Callable[[], T | SshResult]) -> T | SshResult:
    """Asks for something that may be asked twice, and again when contact was lost in the middle.

    It has `seconds` to come back.
    """
    answer = ask()
    for _ in range(_TRIES - 1):
        if not isinstance(answer, SshResult) or not is_off(answer):
            break
        log.note(f"contact with {machine.alias} was lost; nothing was changed, so it is asked again")
        if not machine.wait(seconds).ok:
            break
        answer = ask()
    return answer


def blocking_machine(context: StepContext) -> str | None:
    """Which machine the step has to wait for whose update was put off, as a reason; None if it need not."""
    newest = {record.step: record for record in context.ledger.records()} if context.job.gate else {}
    for name in context.job.gate:
        record = newest.get(update_step(name))
        if record is not None and record.outcome == "deferred":
            return f"{context.job.machine} comes after {name}, whose update was put off"
    return None


def reach_again(machine: Target, seconds: float, keys: Sequence[str] = ()) -> SshResult:
    """Waits until the machine answers again and gives its last answer.

    `keys` are host keys that it may show besides the pinned one; the one that it shows is pinned then.
    """
    answer = machine.wait(seconds)
    if answer.wrong_host_key:
        for key in keys:
            other = replace(machine, alias=f"{machine.alias}.new")
            pin_host_key(other.known_hosts, other.alias, key)
            if (again := other.run("true")).ok:
                pin_host_key(machine.known_hosts, machine.alias, key)
                return again
    return answer


def seconds_left(deadline: float) -> float:
    """The seconds left until a time of `time.monotonic()`, at least a moment."""
    return max(deadline - time.monotonic(), 0.1)
