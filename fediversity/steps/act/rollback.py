"""Rolls a machine back to the system that it ran before, and checks that it runs that."""

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
from fediversity.steps.specs import SwitchSpec
from fediversity.steps.transport.connectivity import BACK_SECONDS, reach_again, seconds_left
from fediversity.steps.transport.ssh import SshResult, Target

BACK_SWITCH_SECONDS = 900.0
"""How long each command of a rollback may take."""

_LONGER_SECONDS = 1800.0
_PAUSE_SECONDS = 1.0
_MANUAL = "docs/rollback.md has the way by hand, at the machine's console too"


def roll_back(
    context: StepContext[SwitchSpec], target: Target, timer: RollbackTimer, keys: Sequence[str], cause: str
) -> NoReturn:
    """Rolls back a change of a machine, which `cause` is the reason for.

    Raises RolledBackError if the machine is as before, else a StepError that says how it was left. `keys` are host keys
    that it may show besides the pinned one.
    """
    before = timer.before
    # The cause may be that the step's own time is over. The rollback gets time of its own.
    context.stop.limit(timer.seconds + context.with_patience(_LONGER_SECONDS) + BACK_SWITCH_SECONDS)
    context.log.note(f"going back to {before.system}: {cause}")
    # A machine that the change has cut off comes back when its rollback timer has run out.
    patience = context.with_patience(BACK_SECONDS) + (timer.seconds if timer.supported else 0.0)
    answer = reach_again(target, patience, keys)
    if not answer.ok:
        unlock_if_locked(context, target)
        answer = reach_again(target, context.with_patience(SETTLE_SECONDS), keys)
    if not answer.ok:
        reason = f"{cause}; {target.alias} does not come back: {unreachable(target, answer)[0]}"
        raise StepError(
            reason,
            f"it ran {before.system} before; restart it at its console, where an older entry can be chosen: {_MANUAL}",
        )
    timer.disarm()
    state = _wait_until_idle(context, target, keys)
    if not _is_back(before, state):
        _switch(context, target, before)
        state = _wait_until_idle(context, target, keys)
    if isinstance(state, HostState) and state.went_back:
        timer.clear_went_back()
    _raise_result(context, target, before, state, cause)


def _switch(context: StepContext[SwitchSpec], target: Target, before: HostState) -> None:
    for command in commands_to(target, before.system or "", context.spec.machine.machine_class):
        answer = target.run(*command, seconds=BACK_SWITCH_SECONDS)
        context.log.note(f"$ {' '.join(command)}\n{answer.stdout}{answer.stderr}\n(status {answer.status})")


def commands_to(target: Target, system: str, machine_class: str) -> tuple[tuple[str, ...], ...]:
    """Returns the commands that switch a machine to a system it has, as its login user runs them."""
    set_profile = ("nix-env", "-p", SYSTEM_PROFILE, "--set", system)
    if machine_class == "darwin":
        return target.as_root(*set_profile), target.as_root(f"{system}/activate")
    unit = f"--unit=fediversity-rollback-{os.urandom(4).hex()}"
    # As a unit the switch goes on when the connection breaks, which may be what it is about to repair.
    flags = ("--pipe", "--wait", "--quiet", "--collect", "--no-ask-password", "--service-type=exec", unit)
    switch = ("systemd-run", *flags, "--", f"{system}/bin/switch-to-configuration", "switch")
    return target.as_root(*set_profile), target.as_root(*switch)


def _wait_until_idle(context: StepContext[SwitchSpec], target: Target, keys: Sequence[str]) -> HostState | SshResult:
    """Waits until the machine answers and no deployment is at work on it, and returns its state."""
    deadline = time.monotonic() + context.with_patience(BACK_SECONDS)
    while True:
        reach_again(target, seconds_left(deadline), keys)
        state = read_host_state(target, context.spec.machine.machine_class)
        idle = isinstance(state, HostState) and not state.at_work
        if idle or time.monotonic() > deadline:
            return state
        context.stop.sleep(context.with_patience(_PAUSE_SECONDS))


def _is_back(before: HostState, state: HostState | SshResult) -> bool:
    return isinstance(state, HostState) and state.system == state.profile == before.system


def _raise_result(
    context: StepContext[SwitchSpec], target: Target, before: HostState, state: HostState | SshResult, cause: str
) -> NoReturn:
    name = target.alias
    if isinstance(state, SshResult):
        raise StepError(f"{cause}; going back, contact was lost: {unreachable(target, state)[0]}", _MANUAL)
    if not _is_back(before, state):
        left_as = f"{name} runs {state.system} and boots {state.profile}"
        raise StepError(f"{cause}; going back to {before.system} did not work: {left_as}", _MANUAL)
    state = _settled_state(context, target, before, state)
    if new := sorted(state.failed - before.failed):
        reason = f"{cause}; {name} is back at {before.system}, but these units have failed: {', '.join(new)}"
        raise StepError(reason, f"on the machine: `systemctl status {new[0]}`; {_MANUAL}")
    reason = f"{cause}; {name} was taken back to {before.system}, which it runs and boots"
    raise RolledBackError(reason, "mend what it says; the next rollout tries again", before.system or "")


def _settled_state(context: StepContext[SwitchSpec], target: Target, before: HostState, state: HostState) -> HostState:
    """Returns the state of the machine after its units had time to start again."""
    deadline = time.monotonic() + context.with_patience(SETTLE_SECONDS)
    while state.failed - before.failed and time.monotonic() < deadline:
        context.stop.sleep(context.with_patience(_PAUSE_SECONDS))
        again = read_host_state(target, context.spec.machine.machine_class)
        state = again if isinstance(again, HostState) else state
    return state
