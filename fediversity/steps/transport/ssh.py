"""Runs commands on machines with the OpenSSH client.

The user's own `~/.ssh/config`, agent and jump hosts stay in force. The host keys are those that the stack has pinned.
"""

import os
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fediversity.steps.job import StepError
from fediversity.steps.transport.cancellation import Cancellation
from fediversity.steps.transport.process import capture, without_pulumi
from fediversity.support.files import write_atomically

CONNECT_SECONDS = 10
_LEAST_ANSWER_SECONDS = 5.0
_SSH_FAILED = 255
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 3.0
_REFUSED_PAUSE = 6.0
"""The pause after a refused login. OpenSSH's server, from 9.8 on, penalises the client for 5 seconds for each, and
refuses all its connections once the penalties add up to 15 (PerSourcePenalties in sshd_config(5))."""

_WELL, _END = "@ok", "@end"
_WRONG_KEY = ("Host key verification failed", "REMOTE HOST IDENTIFICATION HAS CHANGED")


@dataclass(frozen=True)
class SshResult:
    """The result of a command on a machine. Status 255 is ssh's own: the machine was not reached, or contact was lost.

    `timed_out` says that the command or the connection took too long.
    """

    status: int
    stdout: str
    stderr: str
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        """Whether the command ended with status 0."""
        return self.status == 0

    @property
    def unreached(self) -> bool:
        """Whether the machine was not reached, or contact was lost."""
        return self.status == _SSH_FAILED

    @property
    def login_refused(self) -> bool:
        """Whether the machine answered and refused the login."""
        return self.unreached and "Permission denied" in self.stderr

    @property
    def wrong_host_key(self) -> bool:
        """Whether the machine showed a host key other than the pinned one, or none is pinned."""
        return self.unreached and any(text in self.stderr for text in _WRONG_KEY)


@dataclass(frozen=True)
class Target:
    """A machine as SSH reaches it. `alias` is the name of its pinned host key in the folder `known_hosts`.

    With `accept_new`, an unknown host key is pinned at first contact. A changed one is always refused.
    """

    host: str
    port: int
    user: str
    alias: str
    known_hosts: Path
    identity: Path | None = None
    accept_new: bool = False
    stop: Cancellation = field(default_factory=Cancellation, repr=False, compare=False)

    def command(self, line: str, *, terminal: bool = False) -> list[str]:
        """Returns the ssh command line that runs a line of shell on the machine, with a terminal if asked for."""
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": str(CONNECT_SECONDS),
            "ConnectionAttempts": "1",
            # Only the host keys that the stack has pinned count: not the computer's own list, and not the open
            # connection of another session. Hashed names could not be found in the file again.
            "HostKeyAlias": self.alias,
            "UserKnownHostsFile": _one_path(self.known_hosts / self.alias),
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "accept-new" if self.accept_new else "yes",
            "UpdateHostKeys": "no",
            "HashKnownHosts": "no",
            "ControlPath": "none",
            "ClearAllForwardings": "yes",
            "RequestTTY": "force" if terminal else "no",
            "LogLevel": "ERROR",
        }
        if self.identity is not None:
            options |= {"IdentityFile": _one_path(self.identity), "IdentitiesOnly": "yes"}
        flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return ["ssh", *flags, "-p", str(self.port), f"{self.user}@{self.host}", "--", line]

    def run(self, *remote: str, stdin: str = "", seconds: float = 60.0, terminal: bool = False) -> SshResult:
        """Runs a command on the machine. If it does not answer within `seconds`, the machine counts as not reached.

        Raises StopError if the runner must stop, StepError if there is no OpenSSH client.
        """
        return self.run_line(shlex.join(remote), stdin=stdin, seconds=seconds, terminal=terminal)

    def run_line(self, line: str, *, stdin: str = "", seconds: float = 60.0, terminal: bool = False) -> SshResult:
        """Runs a line of shell on the machine, otherwise as `run` does.

        Raises StopError if the runner must stop, StepError if there is no OpenSSH client.
        """
        if self.accept_new:
            self.known_hosts.mkdir(parents=True, exist_ok=True, mode=0o700)
        done = capture(
            self.command(line, terminal=terminal),
            stop=self.stop,
            timeout=seconds,
            environment=without_pulumi(os.environ),
            stdin=stdin.encode(),
        )
        if done.status is None:
            return SshResult(_SSH_FAILED, done.stdout, f"no answer within {seconds:g} s", timed_out=True)
        # A negative status: ssh itself was ended by a signal.
        return SshResult(done.status if done.status >= 0 else _SSH_FAILED, done.stdout, done.stderr)

    def as_root(self, *remote: str) -> tuple[str, ...]:
        """Returns the command as the login user has to run it for root's rights."""
        return remote if self.user == "root" else ("sudo", "-n", *remote)

    def ask(self, questions: Sequence[Sequence[str]], *, seconds: float = 60.0) -> list[SshResult]:
        """Runs several read-only commands in one session. Returns the result of each.

        Each status is 0 or 1, and all have the same error output. If the machine was not reached, all results say so.
        """
        parts = "; ".join(f"{shlex.join(question)} && echo {_WELL}; echo {_END}" for question in questions)
        answer = self.run("sh", "-c", parts, seconds=seconds)
        texts = answer.stdout.split(f"{_END}\n")
        if answer.unreached or len(texts) != len(questions) + 1:
            # A session that ends in the middle has lost contact, whatever status ssh reports.
            return [replace(answer, status=_SSH_FAILED)] * len(questions)
        return [
            SshResult(0 if text.endswith(f"{_WELL}\n") else 1, text.removesuffix(f"{_WELL}\n"), answer.stderr)
            for text in texts[:-1]
        ]

    def wait(self, seconds: float) -> SshResult:
        """Tries until the machine answers or `seconds` have passed, with growing pauses. Returns the last result.

        A wrong host key ends the waiting. If a login was refused meanwhile, that result is returned: a server that has
        refused too many logins closes the connection before it says so.
        """
        deadline = time.monotonic() + seconds
        pause = _FIRST_PAUSE
        refused: SshResult | None = None
        while True:
            most = min(CONNECT_SECONDS * 2.0, max(_LEAST_ANSWER_SECONDS, deadline - time.monotonic()))
            answer = self.run("true", seconds=most)
            if answer.ok or answer.wrong_host_key:
                return answer
            refused = answer if answer.login_refused else refused
            pause = max(pause, _REFUSED_PAUSE) if answer.login_refused else pause
            if time.monotonic() + pause > deadline:
                return refused or answer
            self.stop.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def at_port(self, port: int, alias: str) -> "Target":
        """Returns the same machine at another port, where it has another host key."""
        return replace(self, port=port, alias=alias)


def pin_host_key(known_hosts: Path, alias: str, public_key: str) -> None:
    """Pins `public_key` as the only host key of the machine `alias`.

    Raises StepError if it is not an SSH public key.
    """
    words = public_key.split()
    if len(words) < 2 or not words[0].startswith(("ssh-", "ecdsa-")):
        raise StepError(f"what should be the host key of {alias} is not an SSH public key", "look at the var it is in")
    known_hosts.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomically(known_hosts / alias, f"{alias} {words[0]} {words[1]}\n")


def pinned_host_key(known_hosts: Path, alias: str) -> str | None:
    """Returns the host key that is pinned for `alias`, as `type base64`; None if there is none."""
    file = known_hosts / alias
    entries = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    return next((" ".join(words[1:3]) for words in entries if len(words) > 2 and words[0] == alias), None)


def _one_path(path: Path) -> str:
    """Returns a path as an ssh option takes it: one word, without expansions."""
    text = str(path).replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
