"""Whether a machine is there, is the right one, and is well."""

import time

from fediversity.deploy.bench import Bench
from fediversity.deploy.facts import CURRENT_SYSTEM, IDENTITY_FILE, reached, read_state, unreachable
from fediversity.deploy.job import StepError
from fediversity.deploy.ssh import Target

_WELL = {"running", "degraded"}
_COMING_UP = {"initializing", "starting"}
_START_SECONDS = 300.0
_PAUSE_SECONDS = 0.5


def wait_for(machine: Target, seconds: float) -> None:
    """Waits until the machine answers. Raises StepError if it has not after `seconds`."""
    answer = machine.wait(seconds)
    if not answer.ok:
        raise StepError(*unreachable(machine, answer))


def require_well(bench: Bench, machine: Target, seconds: float) -> str:
    """Makes sure that the machine answers, is the right one, and has started well. Gives its system path.

    Raises StepError if it does not answer within `seconds`.
    """
    job = bench.job
    wait_for(machine, seconds)
    state = read_state(machine)
    if state.identity != job.expected_identity:
        found = f"'{state.identity}'" if state.identity else "no identity"
        reason = f"{job.machine} has {found} in {IDENTITY_FILE}, expected '{job.expected_identity}'"
        raise StepError(reason, "see in the log whether the new system was really switched to")
    if state.system is None:
        raise StepError(f"{job.machine} has no {CURRENT_SYSTEM}", "log in and look at what it runs")
    if job.machine_class == "nixos":
        _require_started(bench, machine)
    return state.system


def _require_started(bench: Bench, machine: Target) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while (running := _ask_systemd(machine)) in _COMING_UP and time.monotonic() < deadline:
        bench.stop.sleep(_PAUSE_SECONDS)
    if running not in _WELL:
        hint = "on the machine: `systemctl --failed`, `systemctl list-jobs`, `journalctl -b`"
        raise StepError(f"{machine.alias} is not well: systemd says '{running}'", hint)
    if running == "degraded":
        bench.log.note("systemd says 'degraded': a unit has failed")


def _ask_systemd(machine: Target) -> str:
    """systemd's one word for the state of the whole; it exits with a failure for every word but `running`."""
    answer = reached(machine, machine.run("systemctl", "is-system-running"))
    return answer.stdout.strip() or answer.stderr
