"""Going back to the system that a machine ran before, and making sure that it does."""

import os
import time
from collections.abc import Sequence
from typing import NoReturn

from fediversity.steps.act.rollback_timer import RollbackTimer
from fediversity.steps.act.unlock import unlock_if_locked
from fediversity.steps.context import StepContext
from fediversity.steps.job import RolledBackError, StepError
from fediversity.steps.observe.health import SETTLE_SECONDS
from fediversity.steps.observe.host_facts import unreachable
from fediversity.steps.observe.host_state import SYSTEM_PROFILE, HostState, read_host_state
from fediversity.steps.transport.connectivity import BACK_SECONDS, reach_again, seconds_left
from fediversity.steps.transport.ssh import SshResult, Target

BACK_SWITCH_SECONDS = 900.0
"""How long each command of a rollback may take."""

_LONGER_SECONDS = 1800.0
_PAUSE_SECONDS = 1.0
_MANUAL = "docs/rollback.md has the way by hand, at the machine's console too"


def roll_back(context: StepContext, machine: Target, guard: RollbackTimer, keys: Sequence[str], why: str) -> NoReturn:
    """Takes a change of a machine back.

    Raises RolledBackError when the machine was seen to be as before, else StepError that says how it was left. `keys`
    are host keys that it may show besides the pinned one.
    """
    before = guard.before
    # What brought us here may be that the step's own time is over; going back is not to be hurried by that.
    context.stop.limit(guard.seconds + context.patient(_LONGER_SECONDS) + BACK_SWITCH_SECONDS)
    context.log.note(f"going back to {before.system}: {why}")
    # A machine that the change has cut off comes back when its guard has had enough of waiting.
    patience = context.patient(BACK_SECONDS) + (guard.seconds if guard.there else 0.0)
    answer = reach_again(machine, patience, keys)
    if not answer.ok:
        unlock_if_locked(context, machine)
        answer = reach_again(machine, context.patient(SETTLE_SECONDS), keys)
    if not answer.ok:
        reason = f"{why}; {machine.alias} does not come back: {unreachable(machine, answer)[0]}"
        raise StepError(
            reason,
            f"it ran {before.system} before; restart it at its console, where an older entry can be chosen: {_MANUAL}",
        )
    guard.disarm()
    found = _when_idle(context, machine, keys)
    if not _is_back(before, found):
        _switch(context, machine, before)
        found = _when_idle(context, machine, keys)
    if isinstance(found, HostState) and found.went_back:
        guard.forget()
    _finish(context, machine, before, found, why)


def _switch(context: StepContext, machine: Target, before: HostState) -> None:
    for command in commands_to(machine, before.system or "", context.job.machine_class):
        answer = machine.run(*command, seconds=BACK_SWITCH_SECONDS)
        context.log.note(f"$ {' '.join(command)}\n{answer.stdout}{answer.stderr}\n(status {answer.status})")


def commands_to(machine: Target, system: str, machine_class: str) -> tuple[tuple[str, ...], ...]:
    """The commands by which a machine goes to a system that is on it, as its login user gives them."""
    set_profile = ("nix-env", "-p", SYSTEM_PROFILE, "--set", system)
    if machine_class == "darwin":
        return machine.as_root(*set_profile), machine.as_root(f"{system}/activate")
    unit = f"--unit=fediversity-rollback-{os.urandom(4).hex()}"
    # As a unit it goes on when the connection breaks, which may well be what it is about to mend.
    flags = ("--pipe", "--wait", "--quiet", "--collect", "--no-ask-password", "--service-type=exec", unit)
    switch = ("systemd-run", *flags, "--", f"{system}/bin/switch-to-configuration", "switch")
    return machine.as_root(*set_profile), machine.as_root(*switch)


def _when_idle(context: StepContext, machine: Target, keys: Sequence[str]) -> HostState | SshResult:
    """How the machine is as soon as it answers and nobody changes it any more."""
    deadline = time.monotonic() + context.patient(BACK_SECONDS)
    while True:
        reach_again(machine, seconds_left(deadline), keys)
        found = read_host_state(machine, context.job.machine_class)
        idle = isinstance(found, HostState) and not found.at_work
        if idle or time.monotonic() > deadline:
            return found
        context.stop.sleep(context.patient(_PAUSE_SECONDS))


def _is_back(before: HostState, found: HostState | SshResult) -> bool:
    return isinstance(found, HostState) and found.system == found.profile == before.system


def _finish(
    context: StepContext, machine: Target, before: HostState, found: HostState | SshResult, why: str
) -> NoReturn:
    name = machine.alias
    if isinstance(found, SshResult):
        raise StepError(f"{why}; going back, contact was lost: {unreachable(machine, found)[0]}", _MANUAL)
    if not _is_back(before, found):
        left_as = f"{name} runs {found.system} and boots {found.profile}"
        raise StepError(f"{why}; going back to {before.system} did not work: {left_as}", _MANUAL)
    found = _settled(context, machine, before, found)
    if new := sorted(found.failed - before.failed):
        reason = f"{why}; {name} is back at {before.system}, but these units have failed: {', '.join(new)}"
        raise StepError(reason, f"on the machine: `systemctl status {new[0]}`; {_MANUAL}")
    reason = f"{why}; {name} was taken back to {before.system}, which it runs and boots"
    raise RolledBackError(reason, "mend what it says; the next rollout tries again", before.system or "")


def _settled(context: StepContext, machine: Target, before: HostState, found: HostState) -> HostState:
    """How the machine is when its units had time to come up again."""
    deadline = time.monotonic() + context.patient(SETTLE_SECONDS)
    while found.failed - before.failed and time.monotonic() < deadline:
        context.stop.sleep(context.patient(_PAUSE_SECONDS))
        again = read_host_state(machine, context.job.machine_class)
        found = again if isinstance(again, HostState) else found
    return found
