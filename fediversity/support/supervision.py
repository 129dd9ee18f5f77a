"""Running a command under supervision: in a process group of its own, bounded in time, ended as a whole."""

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

from fediversity.support.errors import FediversityError
from fediversity.support.processes import group_is_alive, signal_group

_CHUNK = 65536
_TICK_SECONDS = 0.05
_GRACE_SECONDS = 5.0
_AFTER_EXIT_SECONDS = 1.0
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

Sink = Callable[[bytes], object]


class CommandNotStartedError(FediversityError):
    """A command that cannot be started. `cause` is what the operating system says."""

    def __init__(self, command: str, cause: OSError) -> None:
        self.cause = cause
        super().__init__(f"the command `{command}` cannot be started: {cause.strerror or cause}")


def run_in_group(
    command: Sequence[str],
    sinks: Sequence[Sink],
    *,
    timeout: float,
    environment: Mapping[str, str],
    directory: Path | None = None,
    stdin: bytes = b"",
    check: Callable[[], object] = lambda: None,
    is_late: Callable[[], bool] = lambda: False,
) -> int | None:
    """Runs a command to its end and hands its output on as it comes. Returns its exit status (negative: the signal).

    With one sink both its streams go there, with two one goes to each. `stdin` is a few lines at most. Returns None if
    it takes longer than `timeout` seconds, or `is_late` says that it takes too long. `check` is called several times a
    second and may raise. However this ends, the command and everything it started are ended. Raises
    CommandNotStartedError if it cannot be started. For a process without threads.
    """
    process = _Process(command, sinks, stdin, environment, directory)
    try:
        return process.follow(check, time.monotonic() + timeout, is_late)
    finally:
        process.end()


def adopt_orphans(yes: bool = True) -> None:
    """Makes this process the parent of what a command leaves behind, on Linux.

    So it sees when the last of a group has ended, also in a container whose first process does not look after orphans.
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
                preexec_fn=_die_with_parent if _LIBC else None,  # noqa: PLW1509 (the caller has no threads)
            )
        except OSError as error:
            raise CommandNotStartedError(command[0], error) from error
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), self._process.stdin as pipe:
                pipe.write(stdin)
        self._open = selectors.DefaultSelector()
        for stream, sink in zip((self._process.stdout, self._process.stderr), sinks, strict=False):
            assert stream is not None  # noqa: S101 (a pipe was asked for)
            self._open.register(stream, selectors.EVENT_READ, (stream, sink))

    def follow(self, check: Callable[[], object], deadline: float, is_late: Callable[[], bool]) -> int | None:
        """Hands its output on until it has ended. Returns its exit status, None when it has taken too long."""
        ended_at: float | None = None
        while time.monotonic() < deadline and not is_late():
            check()
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
            signal_group(self._process.pid, signal.SIGTERM)
            while self._alive() and time.monotonic() < patience:
                self._read(_TICK_SECONDS)  # What has a last word to say must not wait for a reader.
        finally:
            signal_group(self._process.pid, signal.SIGKILL)
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

    def _alive(self) -> bool:
        """Whether anything of the group is left."""
        if self._process.poll() is not None:
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-self._process.pid, os.WNOHANG) != (0, 0):
                    continue  # An adopted one has ended.
        return group_is_alive(self._process.pid)


def _die_with_parent() -> None:
    # Should the supervising process itself be killed, no other process would end the command.
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
