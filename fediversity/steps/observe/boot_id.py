"""Telling a machine that has restarted from one that is still about to: by Linux' boot id, which every start changes.

The host key of an installed machine tells nothing where the system before it had the same one, as an image of the
fleet's own or a server that is installed again has, and the installer keeps the keys of what it was started from.
"""

import time

from fediversity.ledger import history
from fediversity.steps.context import StepContext
from fediversity.steps.job import StepError
from fediversity.steps.observe.host_facts import unreachable
from fediversity.steps.transport.connectivity import seconds_left
from fediversity.steps.transport.ssh import SshResult, Target

BOOT_ID = ("cat", "/proc/sys/kernel/random/boot_id")
_RELEASE = ("cat", "/etc/os-release")
_INSTALLER = "VARIANT_ID=installer"
_PAUSE_SECONDS = 0.5


def is_installer(release: str) -> bool:
    """Whether `/etc/os-release` is that of NixOS' installer."""
    return _INSTALLER in release.splitlines()


def note_boot(context: StepContext, machine: Target) -> None:
    """Records the machine's boot id, if it says one: what has this one later has not restarted."""
    answer = machine.run(*BOOT_ID)
    if answer.ok and (boot := answer.stdout.strip()):
        context.ledger.record_boot(context.record, boot)


def require_restarted(context: StepContext, machine: Target, seconds: float) -> None:
    """Waits until what the cloud or the installer has restarted is back, and really has restarted.

    Raises StepError if it does not answer within `seconds`, or is still what it was before.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = machine.wait(seconds_left(deadline))
        if not answer.ok:
            raise StepError(*unreachable(machine, answer))
        if wait_while_old(context, machine, seconds_left(deadline)).ok:
            return


def wait_while_old(context: StepContext, machine: Target, seconds: float) -> SshResult:
    """Waits while the machine answers as what it was before its restart, and gives the first other answer.

    That is a good one of what has restarted, or that it is gone. Raises StepError if it stays what it was.
    """
    old = _boots_before(context)
    deadline = time.monotonic() + seconds
    while True:
        release, boot = machine.ask([_RELEASE, BOOT_ID])
        if boot.unreached:
            return boot
        if not (what := _what_is_old(release.stdout, boot.stdout.strip(), old)):
            context.log.note(f"{machine.alias} has the boot id {boot.stdout.strip() or '(none)'}")
            return boot
        if time.monotonic() > deadline:
            reason = f"{machine.alias} answers, but has not restarted: {what}"
            hint = f"look at its console; restart it by hand (`reboot` as {machine.user}), then roll out again"
            raise StepError(reason, hint)
        context.stop.sleep(context.patient(_PAUSE_SECONDS))


def _what_is_old(release: str, boot: str, old: frozenset[str]) -> str | None:
    if is_installer(release):
        return "it still runs the installer"
    return f"its boot id is {boot} as before" if boot in old else None


def _boots_before(context: StepContext) -> frozenset[str]:
    """The boot ids that the machine had before it was installed or the cloud switched it off."""
    job = context.job
    runs = history.of_machine(context.ledger.records(), job.machine or "")
    resized = history.boot_before_resize(runs, job.server_id, job.size)
    return history.boots_before_install(runs, job.server_id) | ({resized} if resized else set())
