"""Switches the system of a machine: afterwards the machine is well, or as it was before."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from fediversity.ledger import history
from fediversity.steps.act.rollback import roll_back
from fediversity.steps.act.rollback_timer import RollbackTimer
from fediversity.steps.context import StepContext
from fediversity.steps.job import StepError, StopError
from fediversity.steps.observe.health import check_health
from fediversity.steps.observe.health_checks import ReadyCheck
from fediversity.steps.observe.host_state import HostState, read_host_state
from fediversity.steps.observe.preflight import preflight
from fediversity.steps.observe.zerotier_peers import look_up_peers
from fediversity.steps.specs import SwitchSpec
from fediversity.steps.transport.connectivity import ANSWER_SECONDS, BACK_SECONDS, reach_again
from fediversity.steps.transport.retry import with_retries
from fediversity.steps.transport.ssh import Target


def switch_system(
    context: StepContext[SwitchSpec], target: Target, run: Callable[[], None], keys: Sequence[str] = ()
) -> tuple[HostState, HostState]:
    """Checks a machine, runs a tool that switches its system, and checks that the machine is well.

    Returns the states before and after. Raises RolledBackError if the machine was not well and is as before again,
    StepError if nothing was changed or the rollback failed. `keys` are host keys that the machine may show in between.
    """
    checks = look_up_peers(context)
    before = _last_confirmed_state(context, preflight(context, target))
    context.log.note(f"system before: {before.system}, boots {before.profile}")
    timer = RollbackTimer.of(context, target, before)
    timer.arm(context.with_patience(ANSWER_SECONDS))
    try:
        try:
            with_retries(context, run, lambda: _is_unchanged(context, target, before))
        except StepError as failure:
            _after_failure(context, target, timer, keys, failure)
        return before, _after_success(context, target, timer, checks, keys)
    except StopError as stopped:
        if not timer.supported:
            raise
        reason = f"{stopped}; a change that was not confirmed is taken back by {target.alias} itself"
        raise StopError(reason) from None


def _last_confirmed_state(context: StepContext[SwitchSpec], state: HostState) -> HostState:
    """Returns the state of the machine when it was last known to be well.

    A rollback timer that still waits was left behind by a rollout that died before it knew. A restart ends the timer,
    but the ledger has a switch without a known end. The present system and its failed units are not trusted then.
    """
    switches = [
        run
        for run in history.of_machine(context.ledger.records(), context.spec.machine.name)
        if run.id != context.record
    ]
    switches = [run for run in switches if run.kind in history.SWITCHES]
    cut_off = bool(switches) and switches[-1].outcome in {None, "interrupted"}
    trusted = history.should_run(switches) or state.system
    if not state.guarded and (not cut_off or state.system == state.profile == trusted):
        return state
    context.log.note("an earlier rollout was cut off here before it had confirmed its change")
    return replace(state, system=trusted, profile=trusted, failed=frozenset())


def _is_unchanged(context: StepContext[SwitchSpec], target: Target, before: HostState) -> bool:
    state = read_host_state(target, context.spec.machine.machine_class)
    as_before = isinstance(state, HostState) and _same(before, state)
    # A machine that its timer rolled back had been changed.
    return isinstance(state, HostState) and as_before and not state.at_work and not state.went_back


def _same(before: HostState, state: HostState) -> bool:
    return (state.system, state.profile) == (before.system, before.profile)


def _after_failure(
    context: StepContext[SwitchSpec], target: Target, timer: RollbackTimer, keys: Sequence[str], failure: StepError
) -> None:
    context.stop.limit(context.with_patience(2 * BACK_SECONDS) + timer.seconds)
    if reach_again(target, context.with_patience(BACK_SECONDS), keys).ok and _is_unchanged(
        context, target, timer.before
    ):
        timer.disarm()
        raise StepError(f"{failure.reason}\n{target.alias} was not changed", failure.hint) from None
    roll_back(context, target, timer, keys, failure.reason)


def _after_success(
    context: StepContext[SwitchSpec],
    target: Target,
    timer: RollbackTimer,
    checks: Sequence[ReadyCheck],
    keys: Sequence[str],
) -> HostState:
    timer.renew()
    health = check_health(context, target, timer.before, checks)
    if health.problems or health.state is None:
        roll_back(context, target, timer, keys, "; ".join(health.problems))
    if health.state.went_back:
        cause = f"the guard of {target.alias} took the change back before it was confirmed"
        roll_back(context, target, timer, keys, cause)
    # To stop the timer is to confirm the change; the state that is read afterwards is the state that stays.
    timer.disarm()
    after = read_host_state(target, context.spec.machine.machine_class)
    if not isinstance(after, HostState) or after.system != health.state.system or after.at_work:
        cause = f"{target.alias} was well, and then contact was lost or its guard went back"
        roll_back(context, target, timer, keys, cause)
    context.log.note(f"system after: {after.system}")
    return after
