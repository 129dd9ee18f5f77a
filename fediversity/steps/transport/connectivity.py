"""Waits for machines to answer, and tells a machine that is off from one that is there and refuses."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from fediversity.ledger.records import update_step
from fediversity.steps.context import StepContext
from fediversity.steps.job import Result, StepError
from fediversity.steps.log import Log
from fediversity.steps.observe.host_facts import unreachable
from fediversity.steps.specs import OnMachine
from fediversity.steps.transport.ssh import SshResult, Target, pin_host_key

T = TypeVar("T")

BACK_SECONDS = 300.0
"""How many seconds a machine may be away after it was changed."""

ANSWER_SECONDS = 60.0
"""How many seconds a lost connection may take to come back."""

_OFF_SECONDS = 30.0
_TRIES = 3


class AwayError(StepError):
    """A machine that may be off went away before anything was changed."""


def wait_for_ssh(
    context: StepContext[OnMachine], target: Target, *, may_be_offline: bool, seconds: float | None = None
) -> Result | None:
    """Waits until the machine answers, by default for as long as a lost connection takes to come back.

    Returns None if it answers, and a deferred result if it is off and may be. Raises StepError in all other cases.
    """
    usual = context.with_patience(_OFF_SECONDS if may_be_offline else ANSWER_SECONDS)
    answer = target.wait(usual if seconds is None or may_be_offline else seconds)
    if answer.ok:
        return None
    reason, hint = unreachable(target, answer)
    if may_be_offline and is_off(answer):
        return defer(reason, target)
    raise StepError(reason, hint)


def defer(reason: str, target: Target) -> Result:
    """Returns the result of a step that is left to the next rollout, because the machine is off."""
    return Result("deferred", f"{target.alias} may be off, and {reason}; the next rollout does this step")


def is_off(answer: SshResult) -> bool:
    """Whether the machine did not answer. A machine with another host key, or that refuses the login, is not off."""
    return answer.unreached and not answer.wrong_host_key and not answer.login_refused


def retry_until(log: Log, target: Target, seconds: float, ask: Callable[[], T | SshResult]) -> T | SshResult:
    """Asks for something that may be asked twice, and asks again if contact was lost in the middle.

    A lost connection has `seconds` to come back. Returns the last answer.
    """
    answer = ask()
    for _ in range(_TRIES - 1):
        if not isinstance(answer, SshResult) or not is_off(answer):
            break
        log.note(f"contact with {target.alias} was lost; nothing was changed, so it is asked again")
        if not target.wait(seconds).ok:
            break
        answer = ask()
    return answer


def blocking_machine(context: StepContext[OnMachine], gate: Sequence[str]) -> str | None:
    """Returns which machine of `gate` the step has to wait for, as a reason: one whose update was deferred.

    Returns None if there is none.
    """
    newest = {record.step: record for record in context.ledger.records()} if gate else {}
    for name in gate:
        record = newest.get(update_step(name))
        if record is not None and record.outcome == "deferred":
            return f"{context.spec.machine.name} comes after {name}, whose update was put off"
    return None


def reach_again(target: Target, seconds: float, keys: Sequence[str] = ()) -> SshResult:
    """Waits until the machine answers again. Returns its last answer.

    `keys` are host keys that it may show besides the pinned one. The key that it shows is pinned then.
    """
    answer = target.wait(seconds)
    if answer.wrong_host_key:
        for key in keys:
            other = replace(target, alias=f"{target.alias}.new")
            pin_host_key(other.known_hosts, other.alias, key)
            if (again := other.run("true")).ok:
                pin_host_key(target.known_hosts, target.alias, key)
                return again
    return answer


def seconds_left(deadline: float) -> float:
    """Returns the seconds left until a time of `time.monotonic()`, at least a tenth."""
    return max(deadline - time.monotonic(), 0.1)
