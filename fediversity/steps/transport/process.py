"""Running a tool under supervision: bounded in time, and ended as a whole.

The engine's command plug-in ends only its direct child and hangs on long lines, so both are dealt with here: the
tool runs in a process group of its own, which is ended with it, and its output never reaches the plug-in.
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
    """Somebody who reads a tool's output as well, and knows when it takes too long."""

    def feed(self, data: bytes) -> None:
        """Takes output as it comes, in any pieces."""

    def late(self) -> str | None:
        """What takes too long, for a person; None while nothing does."""


class ProcessResult(NamedTuple):
    """A tool that has ended: its exit status (negative: the signal), and the last lines it printed, redacted."""

    status: int
    tail: str


class CapturedOutput(NamedTuple):
    """What a command printed. `status` is None if it took too long and was ended."""

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
    """Runs a tool to its end, its output going to the log.

    Raises StepError if the tool is missing or takes longer than `timeout` seconds, StopError if the runner has to
    stop; the tool and everything it started are ended then.
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
    """Runs a command whose output is small and wanted, under the same supervision. `stdin` is a few lines at most."""
    stdout, stderr = bytearray(), bytearray()
    status = _run(command, [stdout.extend, stderr.extend], stdin, stop, timeout, environment, directory)
    return CapturedOutput(status, stdout.decode(errors="replace"), stderr.decode(errors="replace").strip())


def tool_environment(
    base: Mapping[str, str], *, stack: str, state_dir: Path, first_on_path: Sequence[Path]
) -> dict[str, str]:
    """The environment of a tool: the person's own, without the engine's, and with the stack's facts."""
    environment = without_pulumi(base)
    environment["FEDIVERSITY_STACK"] = stack
    environment["FEDIVERSITY_STATE_DIR"] = str(state_dir)
    environment["PATH"] = os.pathsep.join([*map(str, first_on_path), environment.get("PATH", os.defpath)])
    return environment


def without_pulumi(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the engine's variables, the stack's passphrase among them."""
    return {name: value for name, value in environment.items() if not name.startswith("PULUMI_")}


def adopt_orphans(yes: bool = True) -> None:
    """Makes this process the parent of what a tool leaves behind, on Linux.

    So the runner sees when the last of a group has ended, also in a container whose first process does not look after
    orphans.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, int(yes))


class _Process:
    """A command in a process group of its own. With one sink, both its streams go there; else one goes to each."""

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
        """Hands its output on until it has ended. Gives its exit status, None when it has taken too long."""
        ended_at: float | None = None
        while time.monotonic() < deadline and (watch is None or watch.late() is None):
            stop.check()
            self._read(_TICK_SECONDS)
            if self._process.poll() is not None:
                ended_at = ended_at or time.monotonic()
                # It may leave something behind that keeps its output open for ever; its own end is what counts.
                if not self._open.get_map() or time.monotonic() - ended_at > _AFTER_EXIT_SECONDS:
                    break
        return self._process.poll()

    def end(self) -> None:
        """Ends what is left of the group: politely first, by force after 5 seconds."""
        patience = time.monotonic() + _GRACE_SECONDS
        try:
            self._signal(signal.SIGTERM)
            while self._alive() and time.monotonic() < patience:
                self._read(_TICK_SECONDS)  # What has a last word to say must not wait for a reader.
        finally:
            self._signal(signal.SIGKILL)
            self._process.wait()
            with contextlib.suppress(OSError):
                self._read(0)
            for key in self._open.get_map().values():
                key.data[0].close()
            self._open.close()

    def _read(self, seconds: float) -> None:
        """Hands on what comes; waits for it no longer than `seconds`."""
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
        # macOS says EPERM of a group in which only dead processes are left.
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
    # Should the runner itself be killed, nobody would end the tool.
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
