"""Checks that a machine answers, is the right one, and is well."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from fediversity.steps.context import StepContext
from fediversity.steps.job import StepError
from fediversity.steps.observe.health_checks import ReadyCheck, check_problem
from fediversity.steps.observe.host_facts import (
    CURRENT_SYSTEM,
    IDENTITY_FILE,
    read_running_system,
    require_reached,
    unreachable,
)
from fediversity.steps.observe.host_state import HostState, read_host_state
from fediversity.steps.observe.zerotier import is_in_network_of
from fediversity.steps.specs import MachineSpec, OnMachine, SwitchSpec
from fediversity.steps.transport.connectivity import BACK_SECONDS, reach_again
from fediversity.steps.transport.ssh import SshResult, Target

SETTLE_SECONDS = 60.0
"""How many seconds a problem may last after a change before it counts: systemd may start a unit a second time."""

_WELL = {"running", "degraded"}
_COMING_UP = {"initializing", "starting"}
_START_SECONDS = 300.0
_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE = 5.0


class HealthResult(NamedTuple):
    """The health of a machine after a change: all problems, and its state; None if it was not reached."""

    problems: tuple[str, ...]
    state: HostState | None


class Problem(NamedTuple):
    """Something that is wrong with a machine, and for how many seconds it may last before it counts."""

    text: str
    seconds: float


def wait_until_reached(target: Target, seconds: float) -> None:
    """Waits until the machine answers. Raises StepError if it has not after `seconds`."""
    answer = target.wait(seconds)
    if not answer.ok:
        raise StepError(*unreachable(target, answer))


def require_healthy(context: StepContext[OnMachine], target: Target, seconds: float) -> str:
    """Checks that a machine answers, is the right one, and has started well. Returns the path of its system.

    Raises StepError if it does not answer within `seconds`, or is not well.
    """
    machine = context.spec.machine
    wait_until_reached(target, seconds)
    state = read_running_system(target)
    if state.identity != machine.identity:
        raise StepError(
            _wrong_identity(machine, state.identity), "see in the log whether the new system was really switched to"
        )
    if state.system is None:
        raise StepError(f"{machine.name} has no {CURRENT_SYSTEM}", "log in and look at what it runs")
    if machine.machine_class == "nixos":
        _require_started(context, target)
    return state.system


def check_health(
    context: StepContext[SwitchSpec],
    target: Target,
    before: HostState,
    checks: Sequence[ReadyCheck] = (),
    keys: Sequence[str] = (),
) -> HealthResult:
    """Checks a machine until it is well, or until a problem has lasted longer than it may."""
    answer = reach_again(target, context.with_patience(BACK_SECONDS), keys)
    if not answer.ok:
        return HealthResult((unreachable(target, answer)[0],), None)
    begin = time.monotonic()
    passed: set[str] = set()
    pause = context.with_patience(_PAUSE_SECONDS)
    while True:
        state, problems = _check_once(context, target, before, checks, passed)
        seconds = time.monotonic() - begin
        if not problems or any(seconds > context.with_patience(problem.seconds) for problem in problems):
            texts = tuple(problem.text for problem in problems)
            return HealthResult(texts or tuple(_mesh_problems(context, target, state)), state)
        context.stop.sleep(pause)
        pause = min(pause * 1.5, context.with_patience(_LONGEST_PAUSE))


def _check_once(
    context: StepContext[SwitchSpec],
    target: Target,
    before: HostState,
    checks: Sequence[ReadyCheck],
    passed: set[str],
) -> tuple[HostState | None, list[Problem]]:
    """Returns the machine's state and its problems. A check in `passed` is not asked again."""
    machine = context.spec.machine
    state = read_host_state(target, machine.machine_class)
    if isinstance(state, SshResult):
        return None, [Problem(unreachable(target, state)[0], SETTLE_SECONDS)]
    problems = list(regressions(machine, before, state))
    for check in checks:
        if check.name not in passed:
            text = check_problem(check, target, machine.machine_class)
            if text is None:
                passed.add(check.name)
                context.log.note(f"check passed: {check.name}")
            else:
                problems.append(Problem(text, check.timeout))
    return state, problems


def regressions(machine: MachineSpec, before: HostState, after: HostState) -> Iterator[Problem]:
    """Yields what is wrong with a machine whose states before and after a change are these. A pure function."""
    if after.identity != machine.identity:
        yield Problem(_wrong_identity(machine, after.identity), 0.0)
    if after.system is None:
        yield Problem(f"{machine.name} has no {CURRENT_SYSTEM}", 0.0)
    if machine.machine_class == "nixos":
        yield from _unit_problems(machine.name, before, after)
    status = {network.id: network.status for network in after.networks}
    for network in before.networks:
        if network.status == "OK" and status.get(network.id) != "OK":
            now = status.get(network.id, "not joined")
            yield Problem(f"{machine.name} has lost the ZeroTier network {network.id}: {now}", SETTLE_SECONDS)


def _unit_problems(name: str, before: HostState, after: HostState) -> Iterator[Problem]:
    if after.state in _COMING_UP:
        yield Problem(f"{name} is still starting: systemd says '{after.state}'", _START_SECONDS)
    elif after.state not in _WELL:
        yield Problem(f"{name} is not well: systemd says '{after.state}'", SETTLE_SECONDS)
    if new := sorted(after.failed - before.failed):
        yield Problem(f"failed on {name}: {', '.join(new)}", SETTLE_SECONDS)


def _mesh_problems(context: StepContext[SwitchSpec], target: Target, state: HostState | None) -> Iterator[str]:
    """Yields why the machine is not reached over the mesh, for each network that this computer is in too."""
    for network in state.networks if state else ():
        address = network.own_address
        if network.status != "OK" or address is None:
            continue
        if not is_in_network_of(address):
            context.log.note(f"not checked: {address}, for this computer is not in the ZeroTier network {network.id}")
        elif not (answer := replace(target, host=address).wait(context.with_patience(SETTLE_SECONDS))).ok:
            yield f"over the mesh, {unreachable(replace(target, host=address), answer)[0]}"


def _wrong_identity(machine: MachineSpec, identity: str | None) -> str:
    shown = f"'{identity}'" if identity else "no identity"
    return f"{machine.name} has {shown} in {IDENTITY_FILE}, expected '{machine.identity}'"


def _require_started(context: StepContext[OnMachine], target: Target) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while (running := _ask_systemd(target)) in _COMING_UP and time.monotonic() < deadline:
        context.stop.sleep(_PAUSE_SECONDS)
    if running not in _WELL:
        hint = "on the machine: `systemctl --failed`, `systemctl list-jobs`, `journalctl -b`"
        raise StepError(f"{target.alias} is not well: systemd says '{running}'", hint)
    if running == "degraded":
        context.log.note("systemd says 'degraded': a unit has failed")


def _ask_systemd(target: Target) -> str:
    """Returns systemd's word for the state of the whole system. systemctl fails for every word but `running`."""
    answer = require_reached(target, target.run("systemctl", "is-system-running"))
    return answer.stdout.strip() or answer.stderr
