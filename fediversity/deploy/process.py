"""Running a tool under supervision: bounded in time, ended as a whole, its output kept in a file.

The engine's command plug-in ends only its direct child and hangs on long lines, so both are dealt with here: the
tool runs in a process group of its own, which is ended with it, and its output never reaches the plug-in.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fediversity.deploy.job import StepError, StopError
from fediversity.deploy.redact import Redactor

_CHUNK = 65536
_LONGEST_LINE = 65536
_TAIL_LINES = 15
_GRACE_SECONDS = 5.0
_AFTER_EXIT_SECONDS = 1.0
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Finished:
    """A tool that has ended: its exit status (negative: the signal), and the last lines it printed, redacted."""

    status: int
    tail: str


class Stop:
    """Whether the runner must stop: a signal came, or the process that started it is gone."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self._parent = os.getppid()

    def install(self) -> None:
        """Turns SIGTERM, SIGINT and SIGHUP into a wish to stop; from the main thread, once."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: object) -> None:
        self.reason = self.reason or f"stopped by {signal.Signals(number).name}"

    def check(self) -> None:
        """Raises StopError when it is time to stop."""
        if self.reason is None and os.getppid() != self._parent:
            self.reason = "the deploying process ended"
        if self.reason is not None:
            raise StopError(self.reason)

    def sleep(self, seconds: float) -> None:
        """Waits, but no longer than until it is time to stop."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, 0.1))
        self.check()


class Log:
    """The log file of one step. Everything written is redacted line by line and flushed."""

    def __init__(self, path: Path, redactor: Redactor) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")
        self._redactor = redactor
        self._rest = b""
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)

    def hide(self, secret: str) -> None:
        """Keeps one more secret out of everything written from now on."""
        self._redactor = self._redactor.with_secret(secret)

    def redacted(self, text: str) -> str:
        """The text as the log would hold it."""
        return self._redactor(text)

    def feed(self, data: bytes) -> None:
        """Takes output as it comes, in any pieces; a line end is `\\n` or `\\r`."""
        lines = (self._rest + data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > _LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self._write(line)
        self._file.flush()

    def note(self, text: str) -> None:
        """Writes a line of the runner's own."""
        self.end_line()
        self._write(f"# {text}".encode())
        self._file.flush()

    def end_line(self) -> None:
        """Writes out what has come without a line end."""
        if self._rest:
            rest, self._rest = self._rest, b""
            self._write(rest)
            self._file.flush()

    def close(self) -> None:
        """Ends the file; nothing may be written afterwards."""
        self.end_line()
        self._file.close()

    def _write(self, line: bytes) -> None:
        text = self._redactor(line.decode("utf-8", errors="backslashreplace"))
        self._file.write(text.encode("utf-8", errors="backslashreplace") + b"\n")
        if text.strip():
            self.tail.append(text)


def run_tool(
    command: Sequence[str],
    *,
    log: Log,
    stop: Stop,
    timeout: float,
    environment: Mapping[str, str],
    directory: Path | None = None,
) -> Finished:
    """Runs a tool to its end, its output going to the log.

    Raises StepError if the tool is missing or takes longer than `timeout` seconds, StopError if the runner has to
    stop; the tool and everything it started are ended then.
    """
    log.tail.clear()
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=directory,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 (there are no threads)
        )
    except FileNotFoundError:
        hint = "install it and make sure it is on PATH"
        raise StepError(f"the command `{command[0]}` was not found", hint) from None
    try:
        status = _follow(process, log, stop, time.monotonic() + timeout)
    except BaseException:
        end_group(process)
        raise
    log.end_line()
    if status is None:
        end_group(process)
        raise StepError(f"`{command[0]}` took longer than {timeout:.0f} s and was ended")
    return Finished(status, "\n".join(log.tail))


def _follow(process: subprocess.Popen[bytes], log: Log, stop: Stop, deadline: float) -> int | None:
    """Reads the tool's output until it has ended; None when the deadline has passed."""
    assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
    pipe = process.stdout.fileno()
    open_pipe, ended_at = True, 0.0
    while True:
        stop.check()
        now = time.monotonic()
        if now > deadline:
            return None
        if open_pipe and select.select([pipe], [], [], 0.05)[0]:
            data = os.read(pipe, _CHUNK)
            log.feed(data)
            open_pipe = bool(data)
        elif not open_pipe:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
        if process.poll() is not None:
            ended_at = ended_at or now
            # A tool may leave something behind that keeps the pipe open for ever; its own end is what counts.
            if not open_pipe or now - ended_at > _AFTER_EXIT_SECONDS:
                process.stdout.close()
                return process.returncode


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and everything in its group: politely first, by force after 5 seconds."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _die_with_parent() -> None:
    # Should the runner itself be killed, nobody would end the tool.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def tool_environment(
    base: Mapping[str, str], *, stack: str, state_dir: Path, first_on_path: Sequence[Path]
) -> dict[str, str]:
    """The environment of a tool: the person's own, without the engine's, and with the stack's facts."""
    environment = {name: value for name, value in base.items() if not name.startswith("PULUMI_")}
    environment["FEDIVERSITY_STACK"] = stack
    environment["FEDIVERSITY_STATE_DIR"] = str(state_dir)
    environment["PATH"] = os.pathsep.join([*map(str, first_on_path), environment.get("PATH", os.defpath)])
    return environment
