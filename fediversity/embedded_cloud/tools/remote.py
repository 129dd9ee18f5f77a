"""Runs commands on clan's target hosts with OpenSSH's client, as the real clan does."""

import re
import shlex
import subprocess
import tempfile
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from fediversity.embedded_cloud.tools.errors import ToolError
from fediversity.embedded_cloud.tools.log import print_lines

_EXEC = 'exec "$@"'
_ASKPASS = "/run/clan-askpass"
"""The script by which clan lets sudo ask for a password; the simulation has no user to ask."""

_HOST_KEY_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "strict": ("-o", "StrictHostKeyChecking=yes"),
    "ask": (),
    "accept-new": ("-o", "StrictHostKeyChecking=accept-new"),
    "tofu": ("-o", "StrictHostKeyChecking=accept-new"),
    "none": ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
}


@dataclass(frozen=True)
class Remote:
    """A target host; `options` are OpenSSH options, passed with `-o`."""

    machine: str
    user: str
    address: str
    port: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    host_key_check: str = "ask"
    control_path: Path | None = None

    @property
    def target(self) -> str:
        """The target as ssh expects it: `user@address`."""
        return f"{self.user}@{self.address}"

    def with_host_key_check(self, check: str) -> "Remote":
        """Returns the same target with clan's `--host-key-check`."""
        return replace(self, host_key_check=check)

    def ssh_options(self) -> list[str]:
        """Returns the options for every ssh to this target."""
        port = ["-p", str(self.port)] if self.port else []
        pairs = [word for name, value in self.options.items() for word in ("-o", f"{name}={value}")]
        shared = ["ControlMaster=auto", "ControlPersist=1m", f"ControlPath={self.control_path}"]
        control = [word for option in shared for word in ("-o", option)] if self.control_path else []
        return [*port, *pairs, *_HOST_KEY_OPTIONS[self.host_key_check], *control]

    @contextmanager
    def connected(self) -> Iterator["Remote"]:
        """Lets all commands in the block share one SSH connection, which is closed at its end."""
        with tempfile.TemporaryDirectory(prefix="clan-ssh") as folder:
            control_path = Path(folder) / "socket"
            try:
                yield replace(self, control_path=control_path)
            finally:
                if control_path.exists():
                    leave = ["ssh", "-o", f"ControlPath={control_path}", "-O", "exit", self.target]
                    subprocess.run(leave, check=False, capture_output=True, timeout=5)

    def run(self, command: Sequence[str], stdin: bytes | None = None, as_root: bool = False) -> "RemoteResult":
        """Runs a command on the target, through `sudo -A` if it needs root and the login user is not root.

        Does not raise if the command fails: the caller must check `status`.
        """
        sudo = [f"SUDO_ASKPASS={_ASKPASS}", "sudo", "-A", "--"] if as_root and self.user != "root" else []
        line = [*sudo, "bash", "-c", shlex.quote(_EXEC), "--", shlex.join(command)]
        return self.ssh(line, shown=shlex.join(command), stdin=stdin)

    def ssh(self, words: Sequence[str], shown: str, stdin: bytes | None = None) -> "RemoteResult":
        """Runs ssh with a remote command line as given, and prints its standard error."""
        print_lines(f"$ {shown}", self.machine)
        process = subprocess.run(
            ["ssh", self.target, *self.ssh_options(), "--", *words],
            input=b"" if stdin is None else stdin,
            capture_output=True,
            check=False,
        )
        result = RemoteResult(process.returncode, process.stdout.decode(), process.stderr.decode())
        print_lines(result.stderr, self.machine)
        return result

    def check(self, command: Sequence[str], stdin: bytes | None = None, as_root: bool = False) -> str:
        """Runs a command that must succeed and returns its output. Raises `ToolError`."""
        result = self.run(command, stdin, as_root)
        if result.status != 0:
            raise ToolError(f"command `{shlex.join(command)}` on {self.target} failed with {result.status}")
        return result.stdout


@dataclass(frozen=True)
class RemoteResult:
    """The result of a remote command: its exit status (255: ssh itself failed) and its output."""

    status: int
    stdout: str
    stderr: str


def parse_target(machine: str, target: str) -> Remote:
    """Parses `[ssh://][user@]host[:port][?option=value&…]`; the user defaults to root, the host is lower-cased.

    Raises `ToolError` with clan's messages.
    """
    endpoint, _, options = target.removeprefix("ssh://").partition("?")
    user, separator, host_port = endpoint.rpartition("@")
    if "@" in user:
        raise ToolError(_invalid(target))
    if host_port.count(":") > 1 and not re.match(r".*\[.*]", host_port):
        raise ToolError(f"Invalid hostname: {target}. IPv6 addresses must be enclosed in brackets , e.g. [::1]")
    split = urllib.parse.urlsplit(f"//{host_port}")
    try:
        port = split.port
    except ValueError as error:
        raise ToolError(f"{_invalid(target)}: {error}") from None
    if not split.hostname:
        raise ToolError(_invalid(target))
    return Remote(machine, user if separator else "root", split.hostname, port, _options(target, options))


def _invalid(target: str) -> str:
    return f"Invalid host, got `{target}` but expected something like `[user@]hostname[:port]`"


def _options(target: str, text: str) -> dict[str, str]:
    options = {}
    for option in filter(None, text.split("&")):
        name, separator, value = option.partition("=")
        if not separator:
            raise ToolError(
                f"Invalid option in host `{target}`: option `{option}` does not have a value "
                "(i.e. expected something like `name=value`)"
            )
        options[name] = value
    return options
