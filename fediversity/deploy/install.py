"""Installing NixOS over whatever a server runs, once.

An install erases the disks, so it is refused on a machine that already runs a system of a fleet, unless the fleet
file names that very server under `reinstall:`. When an earlier rollout was cut off after the install, the machine
itself shows that it is done, and nothing is erased again.
"""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from fediversity.deploy.bench import Bench
from fediversity.deploy.facts import read_state, unreachable
from fediversity.deploy.job import Result, StepError
from fediversity.deploy.ssh import pin_host_key
from fediversity.ledger.sqlite import Ledger

_ASK_SECONDS = 15.0
_TURN_SECONDS = 0.1
_PORT_SECONDS = 5.0


def install(bench: Bench) -> Result:
    """Installs the machine unless it is installed. Installs go one at a time: each writes the flake's git tree."""
    job = bench.job
    if job.server_id is None or job.machine is None:
        raise StepError("the step was not told which server to install", "this is a defect of the plan")
    with _turn(bench):
        if job.reinstall != job.server_id and (done := _installed_already(bench)):
            return done
        finished = bench.tool(*job.command)
    if finished.status != 0:
        lines = "".join(f"\n    {line}" for line in finished.tail.splitlines())
        raise StepError(f"`clan machines install` exited with {finished.status}:{lines}")
    return Result("applied", f"NixOS is installed on {job.machine} (server {job.server_id})")


def _installed_already(bench: Bench) -> Result | None:
    """A result if the server runs this machine's system already; None if it may be erased.

    Raises StepError if it may not.
    """
    job = bench.job
    earlier = Ledger(job.state_dir / "ledger.sqlite").install_of(str(job.machine), str(job.server_id))
    image = bench.image()
    answer = image.run("true", seconds=_ASK_SECONDS)
    if not answer.ok and answer.wrong_host_key:
        # The image's own key is gone: the disks were erased. The installed system has the key its vars say.
        pin_host_key(job.known_hosts, str(job.machine), bench.var(str(job.machine), "openssh/ssh.id_ed25519.pub"))
        installed = replace(image, alias=str(job.machine), accept_new=False)
        answer = installed.run("true", seconds=_ASK_SECONDS)
        image = installed
    if not answer.ok:
        if earlier is not None and _waits_for_unlocking(bench):
            return Result("unchanged", f"{job.machine} was installed by an earlier run and waits to be unlocked")
        raise StepError(*unreachable(image, answer))
    identity = read_state(image).identity
    if identity is None:
        return None
    if identity == job.expected_identity and earlier is not None:
        return Result("unchanged", f"{job.machine} was installed by an earlier run that was cut off")
    hint = f'to erase it all the same, write `reinstall: "{job.server_id}"` at the machine in the fleet file'
    raise StepError(f"{job.machine} already runs the system '{identity}'; nothing was erased", hint)


def _waits_for_unlocking(bench: Bench) -> bool:
    job = bench.job
    if job.address is None or job.unlock_port is None:
        return False
    try:
        with socket.create_connection((job.address, job.unlock_port), timeout=_PORT_SECONDS):
            return True
    except OSError:
        return False


@contextmanager
def _turn(bench: Bench) -> Iterator[None]:
    """Holds the right to install, for the whole stack."""
    handle = os.open(bench.job.state_dir / "install.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                bench.stop.sleep(_TURN_SECONDS)
        bench.turn_came()
        yield
    finally:
        os.close(handle)
