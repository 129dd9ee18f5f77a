"""Changing the system of a machine so that it is either well afterwards or as it was before."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from fediversity.ledger import history
from fediversity.steps.act.rollback import roll_back
from fediversity.steps.act.rollback_timer import RollbackTimer
from fediversity.steps.context import StepContext
from fediversity.steps.job import StepError, StopError
from fediversity.steps.observe.health import health
from fediversity.steps.observe.host_state import HostState, read_host_state
from fediversity.steps.observe.preflight import preflight
from fediversity.steps.observe.zerotier_peers import with_peers
from fediversity.steps.transport.connectivity import ANSWER_SECONDS, BACK_SECONDS, reach_again
from fediversity.steps.transport.retry import with_retries
from fediversity.steps.transport.ssh import Target


def switch_system(
    context: StepContext, machine: Target, run: Callable[[], None], keys: Sequence[str] = ()
) -> tuple[HostState, HostState]:
    """Looks at a machine, runs a tool that switches its system, and makes sure that it is well.

    Gives how it was before and how it is. Raises RolledBackError if it was not well and is as before, StepError if
    nothing was changed or it could not be taken back. `keys` are host keys that the machine may show in between.
    """
    context = with_peers(context)
    before = _confirmed(context, preflight(context, machine))
    context.log.note(f"system before: {before.system}, boots {before.profile}")
    guard = RollbackTimer.of(context, machine, before)
    guard.arm(context.patient(ANSWER_SECONDS))
    try:
        try:
            with_retries(context, run, lambda: _is_unchanged(context, machine, before))
        except StepError as failure:
            _after_failure(context, machine, guard, keys, failure)
        return before, _after_success(context, machine, guard, keys)
    except StopError as stopped:
        if not guard.there:
            raise
        reason = f"{stopped}; a change that was not confirmed is taken back by {machine.alias} itself"
        raise StopError(reason) from None


def _confirmed(context: StepContext, found: HostState) -> HostState:
    """How the machine was when it was last known to be well.

    A guard that still waits was left behind by a rollout that died before it knew. A restart ends the guard, but the
    ledger knows that nobody saw the end. What runs now is not to be trusted then, nor are the units that fail now.
    """
    switches = [
        run
        for run in history.of_machine(context.ledger.records(), context.job.machine or "")
        if run.id != context.record
    ]
    switches = [run for run in switches if run.kind in history.SWITCHES]
    cut_off = bool(switches) and switches[-1].outcome in {None, "interrupted"}
    trusted = history.should_run(switches) or found.system
    if not found.guarded and (not cut_off or found.system == found.profile == trusted):
        return found
    context.log.note("an earlier rollout was cut off here before it had confirmed its change")
    return replace(found, system=trusted, profile=trusted, failed=frozenset())


def _is_unchanged(context: StepContext, machine: Target, before: HostState) -> bool:
    found = read_host_state(machine, context.job.machine_class)
    as_before = isinstance(found, HostState) and _same(before, found)
    # What its guard has taken back had been changed.
    return isinstance(found, HostState) and as_before and not found.at_work and not found.went_back


def _same(before: HostState, found: HostState) -> bool:
    return (found.system, found.profile) == (before.system, before.profile)


def _after_failure(
    context: StepContext, machine: Target, guard: RollbackTimer, keys: Sequence[str], failure: StepError
) -> None:
    context.stop.limit(context.patient(2 * BACK_SECONDS) + guard.seconds)
    if reach_again(machine, context.patient(BACK_SECONDS), keys).ok and _is_unchanged(context, machine, guard.before):
        guard.disarm()
        raise StepError(f"{failure.reason}\n{machine.alias} was not changed", failure.hint) from None
    roll_back(context, machine, guard, keys, failure.reason)


def _after_success(context: StepContext, machine: Target, guard: RollbackTimer, keys: Sequence[str]) -> HostState:
    guard.renew()
    state = health(context, machine, guard.before)
    if state.problems or state.found is None:
        roll_back(context, machine, guard, keys, "; ".join(state.problems))
    if state.found.went_back:
        roll_back(
            context, machine, guard, keys, f"the guard of {machine.alias} took the change back before it was confirmed"
        )
    # Stopping the guard is what confirms the change; what is seen afterwards is what stays.
    guard.disarm()
    after = read_host_state(machine, context.job.machine_class)
    if not isinstance(after, HostState) or after.system != state.found.system or after.at_work:
        roll_back(
            context, machine, guard, keys, f"{machine.alias} was well, and then contact was lost or its guard went back"
        )
    context.log.note(f"system after: {after.system}")
    return after
