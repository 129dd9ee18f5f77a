"""Giving its passphrase to a machine whose disk is encrypted, before it can mount its root."""

from fediversity.steps.context import StepContext
from fediversity.steps.job import Result, StepError
from fediversity.steps.observe.boot_id import note_boot, wait_while_old
from fediversity.steps.observe.health import wait_for
from fediversity.steps.observe.host_facts import HOST_KEY_VAR, unreachable
from fediversity.steps.transport.ssh import Target, pin_host_key

_ASK_SECONDS = 30.0
_UNLOCK_SECONDS = 300.0
_PORT_SECONDS = 5.0


def unlock(context: StepContext) -> Result:
    """Unlocks the machine and makes sure that its installed system comes up."""
    job = context.job
    if job.machine is None or job.unlock_port is None:
        raise StepError("the step was not told the port for unlocking", "this is a defect of the plan")
    machine = context.machine()
    pin_host_key(job.known_hosts, machine.alias, context.var(job.machine, HOST_KEY_VAR))
    # One that was taken over may have a host key of its own until its first update.
    for found in (machine, context.image()) if job.prepared else (machine,):
        if found.run("true", seconds=_ASK_SECONDS).ok and wait_while_old(context, found, job.timeout).ok:
            note_boot(context, found)
            return Result("unchanged", f"{job.machine} is unlocked already")
    early = machine.at_port(job.unlock_port, f"{job.machine}.unlock")
    pin_host_key(job.known_hosts, early.alias, context.var(job.machine, "initrd-ssh/id_ed25519.pub"))
    wait_for(early, job.timeout)
    _give_passphrase(context, early)
    answer = machine.wait(job.timeout)
    if not answer.ok:
        reason, hint = unreachable(machine, answer)
        raise StepError(f"{job.machine} was given the passphrase, but then: {reason}", hint)
    note_boot(context, machine)
    return Result("applied", f"{job.machine} is unlocked")


def unlock_if_locked(context: StepContext, machine: Target) -> None:
    """Unlocks the machine if its disk is encrypted and it waits for the passphrase instead of answering."""
    if context.job.unlock_port is not None and not machine.run("true", seconds=_ASK_SECONDS).ok and is_locked(context):
        context.log.note(f"{machine.alias} has restarted and waits to be unlocked")
        unlock(context)


def is_locked(context: StepContext) -> bool:
    """Whether somebody listens where the machine takes its passphrase."""
    job = context.job
    if job.address is None or job.unlock_port is None:
        return False
    import socket  # noqa: PLC0415 (takes a while to load, and most machines are not encrypted)

    try:
        with socket.create_connection((job.address, job.unlock_port), timeout=_PORT_SECONDS):
            return True
    except OSError:
        return False


def _give_passphrase(context: StepContext, early: Target) -> None:
    passphrase = context.var(str(context.job.machine), "luks/passphrase").rstrip("\r\n")
    # systemd's password agent reads from a terminal only, so ssh has to ask for one.
    answer = early.run("systemctl", "default", stdin=f"{passphrase}\n", seconds=_UNLOCK_SECONDS, terminal=True)
    # The early SSH server goes away as soon as the root is mounted, often before it could say that all went well:
    # losing contact is no failure.
    if answer.timed_out or not (answer.ok or answer.unreached):
        said = (answer.stderr or answer.stdout.strip() or "nothing").splitlines()[-1]
        reason = f"{context.job.machine} was not unlocked; the last it said: {said}"
        raise StepError(reason, "check that the var luks/passphrase is the one the disk was encrypted with")
