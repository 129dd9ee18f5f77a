"""Detects a completed restart by the Linux boot id, which every start changes.

The host key does not show it: an image of the fleet's own and a server that is installed again have the same key as the
installed system, and the installer keeps the host keys of the system that it was started from.
"""

import time

from fediversity.ledger import history
from fediversity.steps.context import StepContext
from fediversity.steps.job import StepError
from fediversity.steps.observe.host_facts import unreachable
from fediversity.steps.specs import OnMachine
from fediversity.steps.transport.connectivity import seconds_left
from fediversity.steps.transport.ssh import SshResult, Target

BOOT_ID = ("cat", "/proc/sys/kernel/random/boot_id")
_RELEASE = ("cat", "/etc/os-release")
_INSTALLER = "VARIANT_ID=installer"
_PAUSE_SECONDS = 0.5


def is_installer(release: str) -> bool:
    """Whether the text of `/etc/os-release` is that of NixOS' installer."""
    return _INSTALLER in release.splitlines()


def record_boot_id(context: StepContext[OnMachine], target: Target) -> None:
    """Records the machine's boot id, if it has one: a machine that has the same id later has not restarted."""
    answer = target.run(*BOOT_ID)
    if answer.ok and (boot := answer.stdout.strip()):
        context.ledger.record_boot(context.record, boot)


def require_restarted(context: StepContext[OnMachine], target: Target, seconds: float) -> None:
    """Waits until a machine that the cloud or the installer restarts is back and has completed the restart.

    Raises StepError if it does not answer within `seconds`, or has not restarted.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = target.wait(seconds_left(deadline))
        if not answer.ok:
            raise StepError(*unreachable(target, answer))
        if wait_until_restarted(context, target, seconds_left(deadline)).ok:
            return


def wait_until_restarted(
    context: StepContext[OnMachine], target: Target, seconds: float, *, size: str | None = None
) -> SshResult:
    """Waits while the machine answers with a boot id from before its restart. Returns its first other answer.

    That is the answer of the restarted machine, or that the machine is not reached. `size` is the type that the cloud
    made the server, if it may have been switched off for another one. Raises StepError if it does not restart.
    """
    old = _boots_before(context, size)
    deadline = time.monotonic() + seconds
    while True:
        release, boot = target.ask([_RELEASE, BOOT_ID])
        if boot.unreached:
            return boot
        if not (sign := _sign_of_old_system(release.stdout, boot.stdout.strip(), old)):
            context.log.note(f"{target.alias} has the boot id {boot.stdout.strip() or '(none)'}")
            return boot
        if time.monotonic() > deadline:
            reason = f"{target.alias} answers, but has not restarted: {sign}"
            hint = f"look at its console; restart it by hand (`reboot` as {target.user}), then roll out again"
            raise StepError(reason, hint)
        context.stop.sleep(context.with_patience(_PAUSE_SECONDS))


def _sign_of_old_system(release: str, boot: str, old: frozenset[str]) -> str | None:
    if is_installer(release):
        return "it still runs the installer"
    return f"its boot id is {boot} as before" if boot in old else None


def _boots_before(context: StepContext[OnMachine], size: str | None) -> frozenset[str]:
    """Returns the boot ids that the machine had before it was installed or the cloud switched it off."""
    server_id = context.job.server_id
    runs = history.of_machine(context.ledger.records(), context.spec.machine.name)
    resized = history.boot_before_resize(runs, server_id, size)
    return history.boots_before_install(runs, server_id) | ({resized} if resized else set())
