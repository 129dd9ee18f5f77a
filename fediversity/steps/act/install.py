"""Installs NixOS over the present system of a server, once.

An install erases the disks. It is refused on a machine that already runs a system of a fleet, unless the fleet file
names this server under `reinstall:`. If an earlier rollout was cut off after the install, the machine itself shows that
it is installed, and nothing is erased again.
"""

import time

from fediversity.ledger.records import StepRecord
from fediversity.steps.act.concurrency import slot
from fediversity.steps.act.git_tracking import register_new_files
from fediversity.steps.act.nixos_anywhere_phases import Phases
from fediversity.steps.act.unlock import is_locked
from fediversity.steps.context import StepContext
from fediversity.steps.job import Result, StepError
from fediversity.steps.observe.boot_id import is_installer, record_boot_id
from fediversity.steps.observe.host_facts import HOST_KEY_VAR, exists, read_identity, require_reached, unreachable
from fediversity.steps.observe.preflight import require_memory
from fediversity.steps.specs import InstallSpec
from fediversity.steps.transport.connectivity import blocking_machine
from fediversity.steps.transport.retry import with_retries
from fediversity.steps.transport.ssh import SshResult, Target, pin_host_key

_ASK_SECONDS = 15.0
_PATIENCE_SECONDS = 60.0
_BOOT_SECONDS = 300.0
_PAUSE_SECONDS = 1.0


def install(context: StepContext[InstallSpec]) -> Result:
    """Installs the machine unless it is installed. Installs go one at a time: each writes the flake's git tree."""
    spec, name = context.spec, context.spec.machine.name
    if reason := blocking_machine(context, spec.gate):
        # An install is not deferred: the steps behind it would find no installed system.
        raise StepError(f"{reason}; nothing was erased", "wake that machine, or take it out of this one's `after:`")
    earlier = context.ledger.install_of(name, spec.server_id)
    # The runner waits for the server before its turn: a machine that is slow to start must not hold others up.
    target = _reach_server(context, earlier)
    with slot(context, "installs", spec.provider):
        if spec.reinstall != spec.server_id and (done := _result_if_installed(context, target, earlier)):
            return done
        if target is None:
            raise StepError(f"{name} waits to be unlocked, so it cannot be erased over SSH", "unlock it first")
        context.ledger.record_start(context.record)
        record_boot_id(context, target)
        if earlier is not None and _lacks_only_the_restart(target):
            register_new_files(context)
            context.run_tool(_restart_only(spec.command), watch=Phases(context.job.patience))
            return Result("applied", f"{name} was installed by an earlier run that was cut off; now restarted")
        if not _runs_installer(target):
            require_memory(target)
        _run_installer(context)
        register_new_files(context)
    return Result("applied", f"NixOS is installed on {name} (server {spec.server_id})")


def _run_installer(context: StepContext[InstallSpec]) -> None:
    """Runs clan's installer, and repeats it if it could not connect, but never once it may have begun to partition."""
    tries: list[Phases] = []

    def run() -> None:
        tries.append(Phases(context.job.patience))
        context.run_tool(context.spec.command, watch=tries[-1])

    with_retries(context, run, lambda: not any(phases.erasing for phases in tries))


def _lacks_only_the_restart(target: Target) -> bool:
    """Whether the machine runs the installer with a finished system under `/mnt`.

    NixOS writes the state of its boot loader last, after everything else is in place (nixpkgs' install-grub).
    """
    return _runs_installer(target) and exists(target, "/mnt/boot/grub/state")


def _runs_installer(target: Target) -> bool:
    return is_installer(require_reached(target, target.run("cat", "/etc/os-release")).stdout)


def _restart_only(command: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the install's command line with only the last of its phases."""
    phases = command.index("--phases") + 1
    return (*command[:phases], "reboot", *command[phases + 1 :])


def _reach_server(context: StepContext[InstallSpec], earlier: StepRecord | None) -> Target | None:
    """Waits for the server and returns how it is reached: by the image's host key or by the installed system's.

    Returns None if the server was installed and waits to be unlocked. A server whose earlier install was cut off may be
    restarting and gets more time. Raises StepError if it does not answer.
    """
    deadline = time.monotonic() + (_BOOT_SECONDS if earlier else _PATIENCE_SECONDS)
    image, installed = context.image_target(), None
    while True:
        target, answer = image, _ask(image)
        if answer.wrong_host_key:
            # The image's own key is gone: the disks were erased. The installed system has the key of its vars.
            target = installed = installed or _installed_target(context)
            answer = _ask(installed)
        if answer.ok:
            return target
        if earlier and is_locked(context.spec.machine, context.spec.unlock_port):
            return None
        if answer.wrong_host_key or time.monotonic() > deadline:
            raise StepError(*unreachable(target, answer))
        context.stop.sleep(_PAUSE_SECONDS)


def _ask(target: Target) -> SshResult:
    return target.run("true", seconds=_ASK_SECONDS)


def _installed_target(context: StepContext[InstallSpec]) -> Target:
    target = context.target()
    pin_host_key(context.job.known_hosts, target.alias, context.read_var(target.alias, HOST_KEY_VAR))
    return target


def _result_if_installed(
    context: StepContext[InstallSpec], target: Target | None, earlier: StepRecord | None
) -> Result | None:
    """Returns a result if the server runs this machine's system already, None if the server may be erased.

    Raises StepError if the server runs another system and may not be erased.
    """
    machine = context.spec.machine
    if target is None:
        return Result("unchanged", f"{machine.name} was installed by an earlier run and waits to be unlocked")
    identity = read_identity(target)
    if identity is None:
        return None
    if identity == machine.identity and earlier is not None:
        return Result("unchanged", f"{machine.name} was installed by an earlier run that was cut off")
    hint = f'to erase it all the same, write `reinstall: "{context.spec.server_id}"` at the machine in the fleet file'
    raise StepError(f"{machine.name} already runs the system '{identity}'; nothing was erased", hint)
