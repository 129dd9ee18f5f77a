"""Runs several commands at once, each bounded in time and ended with everything it started.

Each runs in its own process group. A shell in that group holds the other end of a pipe of this process, and ends the
whole group if this process dies, in whatever way.
"""

import contextlib
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from fediversity.support.processes import signal_group

_GUARDED = """
trap : TERM
exec 3<&0
"$@" </dev/null 3<&- &
command=$!
{ read -r _; kill -s KILL 0; } <&3 >/dev/null 2>&1 &
while :; do
  wait "$command"
  status=$?
  kill -0 "$command" 2>/dev/null || exit "$status"
done
"""
"""The shell survives SIGTERM to its group, so that it ends only after the command."""

_LOOK_SECONDS = 0.01
_GRACE_SECONDS = 3.0


@dataclass(frozen=True)
class CommandResult:
    """A command's output and exit status: None if it took too long and was ended."""

    status: int | None
    stdout: str
    stderr: str


def run_all(
    commands: Mapping[str, Sequence[str]], *, at_once: int, seconds: float, environment: Mapping[str, str]
) -> dict[str, CommandResult]:
    """Runs all commands, `at_once` of them at a time in the order given, none longer than `seconds`.

    A failure or a time-out does not stop the others. Raises OSError if one cannot be started; then, and on an
    interruption, the running ones are ended.
    """
    waiting = list(commands.items())
    running: dict[str, _Running] = {}
    ended: dict[str, CommandResult] = {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                name, command = waiting.pop(0)
                running[name] = _Running(command, time.monotonic() + seconds, environment)
            for name, one in list(running.items()):
                if one.is_over():
                    ended[name] = one.end()
                    del running[name]
            if running:
                time.sleep(_LOOK_SECONDS)
    finally:
        for one in running.values():
            one.end()
    return {name: ended[name] for name in commands}


class _Running:
    """A command that has been started. Its output goes to files, so that it never waits for a reader."""

    def __init__(self, command: Sequence[str], deadline: float, environment: Mapping[str, str]) -> None:
        self._deadline = deadline
        self._stdout, self._stderr = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 (closed when read)
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _GUARDED, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=self._stdout,
            stderr=self._stderr,
            env=dict(environment),
            start_new_session=True,
        )

    def is_over(self) -> bool:
        """Whether it has ended or has run out of time."""
        return self._process.poll() is not None or time.monotonic() > self._deadline

    def end(self) -> CommandResult:
        """Ends what is left of its group, with SIGTERM first, and returns its result."""
        status = self._process.poll()
        if status is None:
            signal_group(self._process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_SECONDS)
        signal_group(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        return CommandResult(status, _content(self._stdout), _content(self._stderr))


def _content(file: IO[bytes]) -> str:
    with file:
        file.seek(0)
        return file.read().decode(errors="replace")
