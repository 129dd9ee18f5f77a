"""Installing NixOS over whatever a server runs, once.

An install erases the disks, so it is refused on a machine that already runs a system of a fleet, unless the fleet
file names that very server under `reinstall:`. When an earlier rollout was cut off after the install, the machine
itself shows that it is done, and nothing is erased again.
"""

import time

from fediversity.ledger.records import StepRecord
from fediversity.steps.act.concurrency import slot
from fediversity.steps.act.git_tracking import register_new_files
from fediversity.steps.act.nixos_anywhere_phases import Phases
from fediversity.steps.act.unlock import is_locked
from fediversity.steps.context import StepContext
from fediversity.steps.job import Result, StepError
from fediversity.steps.observe.boot_id import is_installer, note_boot
from fediversity.steps.observe.host_facts import HOST_KEY_VAR, exists, reached, read_identity, unreachable
from fediversity.steps.observe.preflight import require_memory
from fediversity.steps.transport.connectivity import blocking_machine
from fediversity.steps.transport.retry import with_retries
from fediversity.steps.transport.ssh import SshResult, Target, pin_host_key

_ASK_SECONDS = 15.0
_PATIENCE_SECONDS = 60.0
_BOOT_SECONDS = 300.0
_PAUSE_SECONDS = 1.0


def install(context: StepContext) -> Result:
    """Installs the machine unless it is installed. Installs go one at a time: each writes the flake's git tree."""
    job = context.job
    if job.server_id is None or job.machine is None:
        raise StepError("the step was not told which server to install", "this is a defect of the plan")
    if reason := blocking_machine(context):
        # Not put off: the steps that come next would find no installed system.
        raise StepError(f"{reason}; nothing was erased", "wake that machine, or take it out of this one's `after:`")
    earlier = context.ledger.install_of(job.machine, job.server_id)
    # The waiting is done before the turn: a machine that is slow to start must not hold others up.
    found = _found(context, earlier)
    with slot(context, "installs"):
        if job.reinstall != job.server_id and (done := _installed_already(context, found, earlier)):
            return done
        if found is None:
            raise StepError(f"{job.machine} waits to be unlocked, so it cannot be erased over SSH", "unlock it first")
        context.ledger.record_start(context.record)
        note_boot(context, found)
        if earlier is not None and _only_the_restart_is_missing(found):
            register_new_files(context)
            context.tool(_restart_only(job.command), watch=Phases(job.patience))
            return Result("applied", f"{job.machine} was installed by an earlier run that was cut off; now restarted")
        if not _runs_installer(found):
            require_memory(found)
        _run_installer(context)
        register_new_files(context)
    return Result("applied", f"NixOS is installed on {job.machine} (server {job.server_id})")


def _run_installer(context: StepContext) -> None:
    """Runs clan's installer, and again if it could not connect: but never once it may have begun to partition."""
    seen: list[Phases] = []

    def run() -> None:
        seen.append(Phases(context.job.patience))
        context.tool(watch=seen[-1])

    with_retries(context, run, lambda: not any(phases.erasing for phases in seen))


def _only_the_restart_is_missing(machine: Target) -> bool:
    """Whether the machine runs the installer with a finished system under `/mnt`.

    NixOS writes the state of its boot loader last, after everything else is in place (nixpkgs' install-grub).
    """
    return _runs_installer(machine) and exists(machine, "/mnt/boot/grub/state")


def _runs_installer(machine: Target) -> bool:
    return is_installer(reached(machine, machine.run("cat", "/etc/os-release")).stdout)


def _restart_only(command: tuple[str, ...]) -> tuple[str, ...]:
    """The install's command line with the last of its phases alone."""
    phases = command.index("--phases") + 1
    return (*command[:phases], "reboot", *command[phases + 1 :])


def _found(context: StepContext, earlier: StepRecord | None) -> Target | None:
    """The server as it answers: with the image's host key, or with that of the installed system.

    None if it was installed and waits to be unlocked. Raises StepError if it does not answer. If an earlier install
    was cut off it may be restarting, so it gets more time.
    """
    deadline = time.monotonic() + (_BOOT_SECONDS if earlier else _PATIENCE_SECONDS)
    image, installed = context.image(), None
    while True:
        target, answer = image, _ask(image)
        if answer.wrong_host_key:
            # The image's own key is gone: the disks were erased. The installed system has the key its vars say.
            target = installed = installed or _installed(context)
            answer = _ask(installed)
        if answer.ok:
            return target
        if earlier and is_locked(context):
            return None
        if answer.wrong_host_key or time.monotonic() > deadline:
            raise StepError(*unreachable(target, answer))
        context.stop.sleep(_PAUSE_SECONDS)


def _ask(target: Target) -> SshResult:
    return target.run("true", seconds=_ASK_SECONDS)


def _installed(context: StepContext) -> Target:
    machine = context.machine()
    pin_host_key(context.job.known_hosts, machine.alias, context.var(machine.alias, HOST_KEY_VAR))
    return machine


def _installed_already(context: StepContext, found: Target | None, earlier: StepRecord | None) -> Result | None:
    """A result if the server runs this machine's system already; None if it may be erased.

    Raises StepError if it may not.
    """
    job = context.job
    if found is None:
        return Result("unchanged", f"{job.machine} was installed by an earlier run and waits to be unlocked")
    identity = read_identity(found)
    if identity is None:
        return None
    if identity == job.expected_identity and earlier is not None:
        return Result("unchanged", f"{job.machine} was installed by an earlier run that was cut off")
    hint = f'to erase it all the same, write `reinstall: "{job.server_id}"` at the machine in the fleet file'
    raise StepError(f"{job.machine} already runs the system '{identity}'; nothing was erased", hint)
