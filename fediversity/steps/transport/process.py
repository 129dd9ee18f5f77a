"""Runs a tool under supervision: with a time-out, and ended together with all its children.

Pulumi's command plug-in ends only its direct child and hangs on long lines. So the tool runs in a process group of its
own, which is ended with it, and its output never reaches the plug-in.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from fediversity.steps.job import StepError
from fediversity.steps.log import Log
from fediversity.steps.transport.cancellation import Cancellation
from fediversity.support.supervision import CommandNotStartedError, Sink, run_in_group


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
    try:
        return run_in_group(
            command,
            sinks,
            stdin=stdin,
            timeout=timeout,
            environment=environment,
            directory=directory,
            check=stop.check,
            is_late=lambda: watch is not None and watch.late() is not None,
        )
    except CommandNotStartedError as error:
        raise _not_started(command, error.cause, directory) from None


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
