"""Whether a machine is there, is the right one, and is well."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from fediversity.steps.context import StepContext
from fediversity.steps.job import Job, StepError
from fediversity.steps.observe.health_checks import check_problem
from fediversity.steps.observe.host_facts import CURRENT_SYSTEM, IDENTITY_FILE, reached, read_state, unreachable
from fediversity.steps.observe.host_state import HostState, read_host_state
from fediversity.steps.observe.zerotier import is_in_network_of
from fediversity.steps.transport.connectivity import BACK_SECONDS, reach_again
from fediversity.steps.transport.ssh import SshResult, Target

SETTLE_SECONDS = 60.0
"""How long something may be wrong after a change until it counts; a unit may be tried a second time meanwhile."""

_WELL = {"running", "degraded"}
_COMING_UP = {"initializing", "starting"}
_START_SECONDS = 300.0
_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE = 5.0


@dataclass(frozen=True)
class Health:
    """How a machine was found after a change: all that is wrong, and what it is; None if it was not reached."""

    problems: tuple[str, ...]
    found: HostState | None


def wait_for(machine: Target, seconds: float) -> None:
    """Waits until the machine answers. Raises StepError if it has not after `seconds`."""
    answer = machine.wait(seconds)
    if not answer.ok:
        raise StepError(*unreachable(machine, answer))


def require_well(context: StepContext, machine: Target, seconds: float) -> str:
    """Makes sure that a machine nobody has looked at before answers, is the right one, and has started well.

    Gives its system path. Raises StepError if it does not answer within `seconds`.
    """
    job = context.job
    wait_for(machine, seconds)
    state = read_state(machine)
    if state.identity != job.expected_identity:
        raise StepError(_another(job, state.identity), "see in the log whether the new system was really switched to")
    if state.system is None:
        raise StepError(f"{job.machine} has no {CURRENT_SYSTEM}", "log in and look at what it runs")
    if job.machine_class == "nixos":
        _require_started(context, machine)
    return state.system


def health(context: StepContext, machine: Target, before: HostState, keys: Sequence[str] = ()) -> Health:
    """Looks at a machine until it is well, or something has been wrong for longer than it may."""
    answer = reach_again(machine, context.patient(BACK_SECONDS), keys)
    if not answer.ok:
        return Health((unreachable(machine, answer)[0],), None)
    begin = time.monotonic()
    passed: set[str] = set()
    pause = context.patient(_PAUSE_SECONDS)
    while True:
        found, wrong = _round(context, machine, before, passed)
        passed_time = time.monotonic() - begin
        if not wrong or any(passed_time > context.patient(most) for _, most in wrong):
            problems = tuple(what for what, _ in wrong)
            return Health(problems or tuple(_mesh_address(context, machine, found)), found)
        context.stop.sleep(pause)
        pause = min(pause * 1.5, context.patient(_LONGEST_PAUSE))


def _round(
    context: StepContext, machine: Target, before: HostState, passed: set[str]
) -> tuple[HostState | None, list[tuple[str, float]]]:
    """One look: how the machine is, and what is wrong with it, each with the seconds that it may be so.

    What has passed of the machine's own checks is not asked again.
    """
    found = read_host_state(machine, context.job.machine_class)
    if isinstance(found, SshResult):
        return None, [(unreachable(machine, found)[0], SETTLE_SECONDS)]
    wrong = list(regressions(context.job, before, found))
    for check in context.job.checks:
        if check.name not in passed:
            what = check_problem(check, machine, context.job.machine_class)
            if what is None:
                passed.add(check.name)
                context.log.note(f"check passed: {check.name}")
            else:
                wrong.append((what, check.timeout))
    return found, wrong


def regressions(job: Job, before: HostState, after: HostState) -> Iterator[tuple[str, float]]:
    """What is wrong with a machine that was so before and is so now, with the seconds it may be so. A pure function."""
    if after.identity != job.expected_identity:
        yield _another(job, after.identity), 0.0
    if after.system is None:
        yield f"{job.machine} has no {CURRENT_SYSTEM}", 0.0
    if job.machine_class == "nixos":
        yield from _units(job, before, after)
    status = {network.id: network.status for network in after.networks}
    for network in before.networks:
        if network.status == "OK" and status.get(network.id) != "OK":
            now = status.get(network.id, "not joined")
            yield f"{job.machine} has lost the ZeroTier network {network.id}: {now}", SETTLE_SECONDS


def _units(job: Job, before: HostState, after: HostState) -> Iterator[tuple[str, float]]:
    if after.state in _COMING_UP:
        yield f"{job.machine} is still starting: systemd says '{after.state}'", _START_SECONDS
    elif after.state not in _WELL:
        yield f"{job.machine} is not well: systemd says '{after.state}'", SETTLE_SECONDS
    if new := sorted(after.failed - before.failed):
        yield f"failed on {job.machine}: {', '.join(new)}", SETTLE_SECONDS


def _mesh_address(context: StepContext, machine: Target, found: HostState | None) -> Iterator[str]:
    """What is wrong with reaching the machine by the mesh, where this computer takes part in it."""
    for network in found.networks if found else ():
        address = network.own_address
        if network.status != "OK" or address is None:
            continue
        if not is_in_network_of(address):
            context.log.note(f"not checked: {address}, for this computer is not in the ZeroTier network {network.id}")
        elif not (answer := replace(machine, host=address).wait(context.patient(SETTLE_SECONDS))).ok:
            yield f"over the mesh, {unreachable(replace(machine, host=address), answer)[0]}"


def _another(job: Job, identity: str | None) -> str:
    found = f"'{identity}'" if identity else "no identity"
    return f"{job.machine} has {found} in {IDENTITY_FILE}, expected '{job.expected_identity}'"


def _require_started(context: StepContext, machine: Target) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while (running := _ask_systemd(machine)) in _COMING_UP and time.monotonic() < deadline:
        context.stop.sleep(_PAUSE_SECONDS)
    if running not in _WELL:
        hint = "on the machine: `systemctl --failed`, `systemctl list-jobs`, `journalctl -b`"
        raise StepError(f"{machine.alias} is not well: systemd says '{running}'", hint)
    if running == "degraded":
        context.log.note("systemd says 'degraded': a unit has failed")


def _ask_systemd(machine: Target) -> str:
    """systemd's one word for the state of the whole; it exits with a failure for every word but `running`."""
    answer = reached(machine, machine.run("systemctl", "is-system-running"))
    return answer.stdout.strip() or answer.stderr
