"""Before a machine is changed: is it the right one, and can the change go well. All that is wrong is said at once."""

import time
from collections.abc import Iterator

from fediversity.steps.context import StepContext
from fediversity.steps.job import Job, StepError
from fediversity.steps.observe.host_facts import IDENTITY_FILE, reached, unreachable
from fediversity.steps.observe.host_state import REBUILD, HostState, read_host_state
from fediversity.steps.transport.connectivity import ANSWER_SECONDS, AwayError, is_off, retry_until
from fediversity.steps.transport.ssh import Target
from fediversity.support.constants import INSTALLER_MEMORY_MIB

MOST_SKEW_SECONDS = 60
"""How far a machine's clock may be off: certificates of the mesh and of the web are refused by a wrong clock."""

LEAST_SPACE = 2 * 1024**3
"""The room in bytes that a machine's store must have: an update brings a second system beside the first."""

_OTHERS_SECONDS = 300.0
_PAUSE_SECONDS = 0.5
_SAME_DISTANCE = 1024**2 * 64


def preflight(context: StepContext, machine: Target) -> HostState:
    """Looks at a machine and makes sure that it may be changed. A change that is still going on is waited for.

    Raises StepError with everything that is wrong, AwayError if it has gone off and may.
    """
    job = context.job
    deadline = time.monotonic() + context.patient(_OTHERS_SECONDS)
    found = _look(context, machine)
    while found.at_work and time.monotonic() < deadline:
        context.log.note(f"waiting for {', '.join(sorted(found.at_work))} on {machine.alias}")
        context.stop.sleep(context.patient(_PAUSE_SECONDS) * 4)
        found = _look(context, machine)
    wrong = list(problems(job, found, time.time()))
    if wrong:
        raise StepError(
            "; ".join(what for what, _ in wrong) + "; nothing was changed", "; ".join(fix for _, fix in wrong)
        )
    return found


def _look(context: StepContext, machine: Target) -> HostState:
    seconds = context.patient(ANSWER_SECONDS)
    found = retry_until(context.log, machine, seconds, lambda: read_host_state(machine, context.job.machine_class))
    if isinstance(found, HostState):
        return found
    reason, hint = unreachable(machine, found)
    raise (AwayError if context.job.may_be_offline and is_off(found) else StepError)(reason, hint)


def problems(job: Job, found: HostState, now: float) -> Iterator[tuple[str, str]]:
    """What stands against changing a machine that was found so, each with what to do. A pure function."""
    name = job.machine
    # A machine that was renamed in the fleet file gets its present name by this update.
    called = (found.identity or "").rpartition("/")[2]
    if found.identity not in {None, job.expected_identity, *job.former_identities}:
        yield (
            f"the machine at {job.address} is '{found.identity}', not '{job.expected_identity}'",
            f"check its address in the fleet file; if it shall change its name, remove {IDENTITY_FILE} there",
        )
    elif found.identity and found.hostname and found.hostname.partition(".")[0] != called:
        yield (
            f"the machine at {job.address} calls itself '{found.hostname}', not '{called}'",
            "see whether two machines share an address, or somebody has changed its name by hand",
        )
    if found.system is None:
        yield f"{name} runs no system of Nix", "install NixOS or nix-darwin on it first"
    if not found.bootstrapped:
        yield (
            f"{name} has no nix-darwin yet",
            f"on the Mac: install Nix, then `sudo nix run nix-darwin/master#darwin-rebuild -- switch --flake .#{name}`",
        )
    if not found.root:
        yield (
            f"{name} asks {job.user} for a password with sudo",
            "allow it in the machine's own module (security.sudo), or log in as root",
        )
    yield from _room_and_time(job, found, now)
    if others := found.at_work:
        yield (
            f"another deployment is at work on {name}: {', '.join(sorted(others))}",
            f"wait for it; on the machine: `{check_host(min(others))}`",
        )


def check_host(unit: str) -> str:
    """The command that says more of what changes a machine."""
    return f"pgrep -fl {REBUILD}" if unit == REBUILD else f"systemctl status {unit}"


def _room_and_time(job: Job, found: HostState, now: float) -> Iterator[tuple[str, str]]:
    if found.free is not None and found.free < LEAST_SPACE:
        collect = "`sudo nix-collect-garbage --delete-older-than 14d`"
        yield (
            f"{job.machine} has {found.free / 1024**3:.1f} GiB left in its store, and an update needs "
            f"{LEAST_SPACE / 1024**3:.0f}",
            f"on the machine: {collect}",
        )
    if found.clock is not None and abs(skew := found.clock - now) > MOST_SKEW_SECONDS:
        yield (
            f"the clock of {job.machine} is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}",
            "on the machine: `timedatectl` (a Mac: `sudo sntp -sS time.apple.com`), and look at this computer's clock",
        )


def require_memory(machine: Target) -> None:
    """Makes sure that a server can take the NixOS installer. One that does not say how much memory it has passes.

    Raises StepError if it has too little.
    """
    answer = reached(machine, machine.run("cat", "/proc/meminfo"))
    sizes = [line.split() for line in answer.stdout.splitlines() if line.startswith("MemTotal:")]
    if not answer.ok or not sizes or len(sizes[0]) < 2 or not sizes[0][1].isdecimal():
        return
    # The kernel keeps some for itself, so that a machine of 1.5 GiB shows a little less.
    if (memory := int(sizes[0][1]) * 1024) < INSTALLER_MEMORY_MIB * 1024**2 - _SAME_DISTANCE:
        raise StepError(
            f"{machine.alias} has {memory / 1024**2:.0f} MiB of memory, and the NixOS installer needs "
            f"{INSTALLER_MEMORY_MIB}: it would be ended for want of memory in the middle; nothing was changed",
            "choose a larger type in the fleet file",
        )
