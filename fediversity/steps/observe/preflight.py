"""Checks, before a machine is changed, that it is the right machine and that the change can go well.

All problems are reported at once.
"""

import time
from collections.abc import Iterator

from fediversity.steps.context import StepContext
from fediversity.steps.job import StepError
from fediversity.steps.observe.host_facts import IDENTITY_FILE, require_reached, unreachable
from fediversity.steps.observe.host_state import REBUILD, HostState, read_host_state
from fediversity.steps.specs import SwitchSpec
from fediversity.steps.transport.connectivity import ANSWER_SECONDS, AwayError, is_off, retry_until
from fediversity.steps.transport.ssh import Target
from fediversity.support.constants import INSTALLER_MEMORY_MIB

MOST_SKEW_SECONDS = 60
"""How many seconds a machine's clock may be off: with a wrong clock, certificates are refused."""

LEAST_SPACE = 2 * 1024**3
"""The free bytes that a machine's store must have: an update brings a second system beside the first."""


_OTHERS_SECONDS = 300.0
_PAUSE_SECONDS = 0.5
_SAME_DISTANCE = 1024**2 * 64


def preflight(context: StepContext[SwitchSpec], target: Target) -> HostState:
    """Checks that a machine may be changed, and returns its state. Waits for another change that is still at work.

    Raises StepError with all problems, AwayError if the machine has gone off and may be off.
    """
    deadline = time.monotonic() + context.with_patience(_OTHERS_SECONDS)
    state = _read_state(context, target)
    while state.at_work and time.monotonic() < deadline:
        context.log.note(f"waiting for {', '.join(sorted(state.at_work))} on {target.alias}")
        context.stop.sleep(context.with_patience(_PAUSE_SECONDS) * 4)
        state = _read_state(context, target)
    problems = list(find_problems(context.spec, state, time.time()))
    if problems:
        reason = "; ".join(problem for problem, _ in problems)
        raise StepError(f"{reason}; nothing was changed", "; ".join(fix for _, fix in problems))
    return state


def _read_state(context: StepContext[SwitchSpec], target: Target) -> HostState:
    seconds = context.with_patience(ANSWER_SECONDS)
    machine_class = context.spec.machine.machine_class
    state = retry_until(context.log, target, seconds, lambda: read_host_state(target, machine_class))
    if isinstance(state, HostState):
        return state
    reason, hint = unreachable(target, state)
    raise (AwayError if context.spec.may_be_offline and is_off(state) else StepError)(reason, hint)


def find_problems(spec: SwitchSpec, state: HostState, now: float) -> Iterator[tuple[str, str]]:
    """Yields each problem that forbids to change a machine in this state, with what to do. A pure function."""
    machine = spec.machine
    name = machine.name
    former_identities = [f"{machine.fleet}/{former}" for former in spec.former_names]
    # A machine that was renamed in the fleet file gets its present name by this update.
    called = (state.identity or "").rpartition("/")[2]
    if state.identity not in {None, machine.identity, *former_identities}:
        yield (
            f"the machine at {machine.address} is '{state.identity}', not '{machine.identity}'",
            f"check its address in the fleet file; if it shall change its name, remove {IDENTITY_FILE} there",
        )
    elif state.identity and state.hostname and state.hostname.partition(".")[0] != called:
        yield (
            f"the machine at {machine.address} calls itself '{state.hostname}', not '{called}'",
            "see whether two machines share an address, or somebody has changed its name by hand",
        )
    if state.system is None:
        yield f"{name} runs no system of Nix", "install NixOS or nix-darwin on it first"
    if not state.bootstrapped:
        yield (
            f"{name} has no nix-darwin yet",
            f"on the Mac: install Nix, then `sudo nix run nix-darwin/master#darwin-rebuild -- switch --flake .#{name}`",
        )
    if not state.root:
        yield (
            f"{name} asks {machine.user} for a password with sudo",
            "allow it in the machine's own module (security.sudo), or log in as root",
        )
    yield from _space_and_clock_problems(name, state, now)
    if others := state.at_work:
        yield (
            f"another deployment is at work on {name}: {', '.join(sorted(others))}",
            f"wait for it; on the machine: `{check_host(min(others))}`",
        )


def check_host(unit: str) -> str:
    """Returns the command that shows more of the deployment that is at work on a machine."""
    return f"pgrep -fl {REBUILD}" if unit == REBUILD else f"systemctl status {unit}"


def _space_and_clock_problems(name: str, state: HostState, now: float) -> Iterator[tuple[str, str]]:
    if state.free is not None and state.free < LEAST_SPACE:
        collect = "`sudo nix-collect-garbage --delete-older-than 14d`"
        yield (
            f"{name} has {state.free / 1024**3:.1f} GiB left in its store, and an update needs "
            f"{LEAST_SPACE / 1024**3:.0f}",
            f"on the machine: {collect}",
        )
    if state.clock is not None and abs(skew := state.clock - now) > MOST_SKEW_SECONDS:
        yield (
            f"the clock of {name} is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}",
            "on the machine: `timedatectl` (a Mac: `sudo sntp -sS time.apple.com`), and look at this computer's clock",
        )


def require_memory(target: Target) -> None:
    """Checks that a server has enough memory for the NixOS installer. A server that does not say how much passes.

    Raises StepError if it has too little.
    """
    answer = require_reached(target, target.run("cat", "/proc/meminfo"))
    sizes = [line.split() for line in answer.stdout.splitlines() if line.startswith("MemTotal:")]
    if not answer.ok or not sizes or len(sizes[0]) < 2 or not sizes[0][1].isdecimal():
        return
    # The kernel keeps some for itself, so that a machine of 1.5 GiB shows a little less.
    if (memory := int(sizes[0][1]) * 1024) < INSTALLER_MEMORY_MIB * 1024**2 - _SAME_DISTANCE:
        raise StepError(
            f"{target.alias} has {memory / 1024**2:.0f} MiB of memory, and the NixOS installer needs "
            f"{INSTALLER_MEMORY_MIB}: it would be ended for want of memory in the middle; nothing was changed",
            "choose a larger type in the fleet file",
        )
