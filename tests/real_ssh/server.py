"""Debian's own OpenSSH server on a high loopback port, as whoever runs the tests, with throw-away keys of its own."""

import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fediversity.bootstrap.openssh_server import find_sshd

USER = pwd.getpwuid(os.getuid()).pw_name
AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--") if os.getuid() == 0 else ()
"""What a command is started by so that it is not root's: sudo asks root for nothing."""

_PRIVILEGE_SEPARATION = Path("/run/sshd")
_DEADLINE_SECONDS = 10.0
_NO_SHELLS = ("nologin", "false", "sync")

_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
{host_keys}
PidFile none
AuthorizedKeysFile "{folder}/authorized_keys"
AuthenticationMethods publickey
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PrintMotd no
PermitUserRC no
# A person's own shell reads what is in the home as it starts (bash its ~/.bashrc): here it has another one.
SetEnv HOME="{folder}"
PermitUserEnvironment no
AllowTcpForwarding {forwarding}
LogLevel VERBOSE
{more}
"""


def what_is_missing() -> str | None:
    """Why no OpenSSH server can be had here, None if one can: a reason to skip what needs it."""
    if find_sshd(os.environ) is None:
        return "there is no OpenSSH server here (Debian: apt-get install --no-install-recommends openssh-server)"
    if (shell := Path(pwd.getpwuid(os.getuid()).pw_shell or "/bin/sh")).name in _NO_SHELLS:
        return f"{USER} cannot log in: the shell is {shell}"
    if os.getuid() == 0 and not _has_user("sshd"):
        return "there is no user `sshd`, which a server that root starts needs"
    return None


@dataclass
class SshServer:
    """One server. What a session asks for is run by `forced`, which finds the line in $SSH_ORIGINAL_COMMAND.

    Without one the line goes to the user's own shell. `host_key` is the public half of the key shown, `type base64`.
    `forwarding` makes it a jump host.
    """

    folder: Path
    client_key: Path
    forced: Path | None = None
    forwarding: bool = False
    host_key: str = ""
    port: int = 0
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        public = self.client_key.with_name(f"{self.client_key.name}.pub").read_text()
        (self.folder / "authorized_keys").write_text(public)
        self.port = _free_port()
        self.take_host_key("ed25519")

    @property
    def runs(self) -> bool:
        """Whether it takes connections."""
        return self._process is not None

    @property
    def log(self) -> str:
        """What the server has written down."""
        file = self.folder / "sshd.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def take_host_key(self, kind: str) -> None:
        """Makes a new host key, the only one that is shown from the next start on."""
        file = self.folder / "host_key"
        for old in (file, file.with_suffix(".pub")):
            old.unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", str(file)], check=True)
        self.host_key = " ".join(file.with_suffix(".pub").read_text().split()[:2])

    def start(self) -> None:
        """Takes connections when this returns."""
        sshd = find_sshd(os.environ)
        assert sshd is not None, what_is_missing()
        if os.getuid() == 0:
            # Debian's service makes it at each start; without the service nobody does.
            _PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        forced = f"ForceCommand {shlex.quote(str(self.forced))}" if self.forced else ""
        config = self.folder / "sshd_config"
        keys = f'HostKey "{self.folder / "host_key"}"'
        forwarding = "yes" if self.forwarding else "no"
        config.write_text(
            _CONFIG.format(port=self.port, folder=self.folder, host_keys=keys, forwarding=forwarding, more=forced)
        )
        with (self.folder / "sshd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sshd, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while not _answers(self.port):
            assert self._process.poll() is None, f"sshd ended with {self._process.poll()}:\n{self.log}"
            assert time.monotonic() < deadline, f"sshd does not answer:\n{self.log}"
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends the server with all its sessions; connections are refused when this returns."""
        process, self._process = self._process, None
        if process is None:
            return
        sessions = list(_descendants(process.pid))
        for pid in (process.pid, *sessions):
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                continue  # It has ended by itself.
        process.wait(_DEADLINE_SECONDS)

    def restart(self) -> None:
        """Ends it and starts it as it is configured now."""
        self.stop()
        self.start()


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as client:
            return client.recv(4) == b"SSH-"
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def _descendants(pid: int) -> Iterator[int]:
    """The processes below one, by Linux's own list; each session of the server is one, with what it runs below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    for child in map(int, children.read_text().split() if children.exists() else ()):
        yield child
        yield from _descendants(child)


def can_be_asked_for_a_password() -> bool:
    """Whether there is a sudo that asks an ordinary user for a password."""
    sudo = shutil.which("sudo")
    if sudo is None:
        return False
    done = subprocess.run([*AS_NOBODY, sudo, "-n", "true"], capture_output=True, text=True, check=False)
    return done.returncode == 1 and "a password is required" in done.stderr
