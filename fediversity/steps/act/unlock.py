"""Unlocks a machine with an encrypted disk: gives it the passphrase, without which it cannot mount its root."""

from fediversity.steps.context import StepContext
from fediversity.steps.job import Result, StepError
from fediversity.steps.observe.boot_id import record_boot_id, wait_until_restarted
from fediversity.steps.observe.health import wait_until_reached
from fediversity.steps.observe.host_facts import HOST_KEY_VAR, unreachable
from fediversity.steps.specs import MachineSpec, SwitchSpec, UnlockSpec
from fediversity.steps.transport.ssh import Target, pin_host_key

_ASK_SECONDS = 30.0
_UNLOCK_SECONDS = 300.0
_PORT_SECONDS = 5.0


def unlock(context: StepContext[UnlockSpec]) -> Result:
    """Unlocks the machine and waits until its installed system is up."""
    spec, known_hosts, seconds = context.spec, context.job.known_hosts, context.job.timeout
    name = spec.machine.name
    target = context.target()
    pin_host_key(known_hosts, target.alias, context.read_var(name, HOST_KEY_VAR))
    # A server that came with NixOS may show the host key of its image until its first update.
    for known_as in (target, context.image_target()) if spec.prepared else (target,):
        if not known_as.run("true", seconds=_ASK_SECONDS).ok:
            continue
        if wait_until_restarted(context, known_as, seconds, size=spec.size).ok:
            record_boot_id(context, known_as)
            return Result("unchanged", f"{name} is unlocked already")
    early = target.at_port(spec.unlock_port, f"{name}.unlock")
    pin_host_key(known_hosts, early.alias, context.read_var(name, "initrd-ssh/id_ed25519.pub"))
    wait_until_reached(early, seconds)
    _give_passphrase(context, early)
    answer = target.wait(seconds)
    if not answer.ok:
        reason, hint = unreachable(target, answer)
        raise StepError(f"{name} was given the passphrase, but then: {reason}", hint)
    record_boot_id(context, target)
    return Result("applied", f"{name} is unlocked")


def unlock_if_locked(context: StepContext[SwitchSpec], target: Target) -> None:
    """Unlocks the machine if its disk is encrypted and it waits for the passphrase instead of answering."""
    spec, port = context.spec, context.spec.unlock_port
    if port is not None and not target.run("true", seconds=_ASK_SECONDS).ok and is_locked(spec.machine, port):
        context.log.note(f"{target.alias} has restarted and waits to be unlocked")
        unlock(context.with_spec(UnlockSpec(spec.machine, port, spec.prepared)))


def is_locked(machine: MachineSpec, port: int | None) -> bool:
    """Whether the machine listens at the port where it takes its passphrase. False without a port."""
    if port is None:
        return False
    import socket  # noqa: PLC0415 (takes a while to load, and most machines are not encrypted)

    try:
        with socket.create_connection((machine.address, port), timeout=_PORT_SECONDS):
            return True
    except OSError:
        return False


def _give_passphrase(context: StepContext[UnlockSpec], early: Target) -> None:
    passphrase = context.read_var(context.spec.machine.name, "luks/passphrase").rstrip("\r\n")
    # systemd's password agent reads from a terminal only, so ssh has to ask for one.
    answer = early.run("systemctl", "default", stdin=f"{passphrase}\n", seconds=_UNLOCK_SECONDS, terminal=True)
    # The early SSH server ends as soon as the root is mounted, often before it could report success: losing contact is
    # no failure.
    if answer.timed_out or not (answer.ok or answer.unreached):
        last = (answer.stderr or answer.stdout.strip() or "nothing").splitlines()[-1]
        reason = f"{context.spec.machine.name} was not unlocked; the last it said: {last}"
        raise StepError(reason, "check that the var luks/passphrase is the one the disk was encrypted with")
