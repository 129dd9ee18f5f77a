"""Runs a tool under supervision: with a time-out, and ended together with all its children.

Pulumi's command plug-in ends only its direct child and hangs on long lines. So the tool runs in a process group of its
own, which is ended with it, and its output never reaches the plug-in.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from fediversity.steps.job import StepError
from fediversity.steps.log import Log
from fediversity.steps.transport.cancellation import Cancellation

_CHUNK = 65536
_TICK_SECONDS = 0.05
_GRACE_SECONDS = 5.0
_AFTER_EXIT_SECONDS = 1.0
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

Sink = Callable[[bytes], object]


class OutputWatcher(Protocol):
    """A second reader of a tool's output, which knows when the tool takes too long."""

    def feed(self, data: bytes) -> None:
        """Takes output, in any pieces."""

    def late(self) -> str | None:
        """Returns what takes too long, None while nothing does."""


class ProcessResult(NamedTuple):
    """A tool that has ended: its exit status (negative: the signal) and its last lines of output, redacted."""

    status: int
    tail: str


class CapturedOutput(NamedTuple):
    """The output of a command. `status` is None if it took too long and was ended."""

    status: int | None
    stdout: str
    stderr: str


def run_tool(
    command: Sequence[str],
    *,
    log: Log,
    stop: Cancellation,
    timeout: float,
    environment: Mapping[str, str],
    directory: Path | None = None,
    watch: OutputWatcher | None = None,
) -> ProcessResult:
    """Runs a tool to its end. Its output goes to the log.

    Raises StepError if the tool is missing or takes longer than `timeout` seconds, StopError if the runner must stop.
    In these cases the tool and all its children are ended.
    """
    log.tail.clear()
    sink = log.feed if watch is None else _to_both(log.feed, watch.feed)
    status = _run(command, [sink], b"", stop, timeout, environment, directory, watch)
    log.end_line()
    if status is None:
        if watch is not None and (late := watch.late()) is not None:
            raise StepError(late, "see whether the machine is on and reachable; the log ends with what it was doing")
        hint = "read the log: it ends with what the tool was doing"
        raise StepError(f"`{command[0]}` took longer than {timeout:g} s and was ended", hint)
    return ProcessResult(status, "\n".join(log.tail))


def capture(
    command: Sequence[str],
    *,
    stop: Cancellation,
    timeout: float,
    environment: Mapping[str, str],
    directory: Path | None = None,
    stdin: bytes = b"",
) -> CapturedOutput:
    """Runs a command under the same supervision and returns its output, which must be small, as must `stdin`."""
    stdout, stderr = bytearray(), bytearray()
    status = _run(command, [stdout.extend, stderr.extend], stdin, stop, timeout, environment, directory)
    return CapturedOutput(status, stdout.decode(errors="replace"), stderr.decode(errors="replace").strip())


def tool_environment(
    base: Mapping[str, str], *, stack: str, state_dir: Path, first_on_path: Sequence[Path]
) -> dict[str, str]:
    """Returns the environment of a tool: `base` without Pulumi's variables, and with the facts of the stack."""
    environment = without_pulumi(base)
    environment["FEDIVERSITY_STACK"] = stack
    environment["FEDIVERSITY_STATE_DIR"] = str(state_dir)
    environment["PATH"] = os.pathsep.join([*map(str, first_on_path), environment.get("PATH", os.defpath)])
    return environment


def without_pulumi(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment without Pulumi's variables, which include the stack's passphrase."""
    return {name: value for name, value in environment.items() if not name.startswith("PULUMI_")}


def adopt_orphans(yes: bool = True) -> None:
    """Makes this process the parent of processes that a tool leaves behind, on Linux.

    So the runner sees when the last process of a group has ended, also in a container whose first process does not reap
    orphans.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, int(yes))


class _Process:
    """A command in its own process group. With one sink, both output streams go there; with two, one to each."""

    def __init__(
        self,
        command: Sequence[str],
        sinks: Sequence[Sink],
        stdin: bytes,
        environment: Mapping[str, str],
        directory: Path | None,
    ) -> None:
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if len(sinks) > 1 else subprocess.STDOUT,
                env=dict(environment),
                cwd=directory,
                start_new_session=True,
                preexec_fn=_die_with_parent if _LIBC else None,  # noqa: PLW1509 (the runner has no threads)
            )
        except OSError as error:
            raise _not_started(command, error, directory) from None
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), self._process.stdin as pipe:
                pipe.write(stdin)
        self._open = selectors.DefaultSelector()
        for stream, sink in zip((self._process.stdout, self._process.stderr), sinks, strict=False):
            assert stream is not None  # noqa: S101 (a pipe was asked for)
            self._open.register(stream, selectors.EVENT_READ, (stream, sink))

    def follow(self, stop: Cancellation, deadline: float, watch: OutputWatcher | None = None) -> int | None:
        """Forwards the output until the command has ended. Returns its exit status, None if it takes too long."""
        ended_at: float | None = None
        while time.monotonic() < deadline and (watch is None or watch.late() is None):
            stop.check()
            self._read(_TICK_SECONDS)
            if self._process.poll() is not None:
                ended_at = ended_at or time.monotonic()
                # A process that it leaves behind may keep its output open for ever; only its own end counts.
                if not self._open.get_map() or time.monotonic() - ended_at > _AFTER_EXIT_SECONDS:
                    break
        return self._process.poll()

    def end(self) -> None:
        """Ends what is left of the group: with SIGTERM first, with SIGKILL after 5 seconds."""
        patience = time.monotonic() + _GRACE_SECONDS
        try:
            self._signal(signal.SIGTERM)
            while self._alive() and time.monotonic() < patience:
                self._read(_TICK_SECONDS)  # A process that prints when it ends must not wait for a reader.
        finally:
            self._signal(signal.SIGKILL)
            self._process.wait()
            with contextlib.suppress(OSError):
                self._read(0)
            for key in self._open.get_map().values():
                key.data[0].close()
            self._open.close()

    def _read(self, seconds: float) -> None:
        """Forwards the output that there is; waits for it no longer than `seconds`."""
        if not self._open.get_map():
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                return
            if self._alive():
                time.sleep(seconds)
            return
        for key, _ in self._open.select(seconds):
            stream, sink = key.data
            data = os.read(key.fd, _CHUNK)
            if data:
                sink(data)
            else:
                self._open.unregister(stream)
                stream.close()

    def _signal(self, number: signal.Signals) -> None:
        # macOS returns EPERM for a group with only dead processes.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _alive(self) -> bool:
        """Whether anything of the group is left."""
        if self._process.poll() is not None:
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-self._process.pid, os.WNOHANG) != (0, 0):
                    continue  # An adopted one has ended.
        try:
            os.killpg(self._process.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True


def _run(
    command: Sequence[str],
    sinks: Sequence[Sink],
    stdin: bytes,
    stop: Cancellation,
    timeout: float,
    environment: Mapping[str, str],
    directory: Path | None,
    watch: OutputWatcher | None = None,
) -> int | None:
    process = _Process(command, sinks, stdin, environment, directory)
    try:
        return process.follow(stop, time.monotonic() + timeout, watch)
    finally:
        process.end()


def _to_both(one: Sink, other: Sink) -> Sink:
    def feed(data: bytes) -> None:
        one(data)
        other(data)

    return feed


def _not_started(command: Sequence[str], error: OSError, directory: Path | None) -> StepError:
    if directory is not None and not directory.is_dir():
        return StepError(f"there is no folder {directory}", "run the step in the project's folder")
    if isinstance(error, FileNotFoundError):
        return StepError(f"the command `{command[0]}` was not found", "install it and make sure it is on PATH")
    return StepError(f"the command `{command[0]}` cannot be started: {error.strerror}", "check the file on your PATH")


def _die_with_parent() -> None:
    # If the runner itself is killed, no other process ends the tool.
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
