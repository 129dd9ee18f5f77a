"""Runs one command as pulumi-command does, including its flaws: a timeout kills only the direct child."""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from fediversity.embedded_cloud.plugins.problems import CloudError

LONGEST_LINE = 64 * 1024
"""Bytes in a line of output that the real plug-in can log; it hangs forever at a longer one."""

_CHUNK = 64 * 1024
_TOO_LONG = (
    f"the output has a line of {LONGEST_LINE // 1024} KiB or more, at which the real plug-in hangs for ever;"
    ' use logging "none" (simulated)'
)


@dataclass(frozen=True)
class Command:
    """A command to run. `text` is the last argument of `argv`; `log_stdout` and `log_stderr` enable logging."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    directory: str | None = None
    stdin: str | None = None
    log_stdout: bool = True
    log_stderr: bool = True

    @property
    def text(self) -> str:
        """The command as the user wrote it."""
        return self.argv[-1]


@dataclass(frozen=True)
class ProcessResult:
    """The output of a command, each stream without its final newline."""

    stdout: str
    stderr: str


@dataclass
class _Output:
    """One output stream of a command, collected completely and logged line by line."""

    log: Callable[[str], Awaitable[None]] | None
    everything: bytearray
    text: bytearray = field(default_factory=bytearray)
    line: bytearray = field(default_factory=bytearray)

    async def follow(self, stream: asyncio.StreamReader) -> None:
        while chunk := await stream.read(_CHUNK):
            self.text += chunk
            self.everything += chunk
            await self._log(chunk)
        if self.log is not None and self.line:
            await self.log(_decode(self.line))

    async def _log(self, chunk: bytes) -> None:
        if self.log is None:
            return
        *lines, rest = (bytes(self.line) + chunk).split(b"\n")
        for line in (*lines, rest):
            if len(line) >= LONGEST_LINE:
                raise _LineTooLongError
        for line in lines:
            await self.log(_decode(line.removesuffix(b"\r")))
        self.line = bytearray(rest)


class _LineTooLongError(Exception):
    """The real plug-in would hang now."""


async def run(
    command: Command, timeout: float | None, cancelled: asyncio.Event, log: Callable[[str], Awaitable[None]]
) -> ProcessResult:
    """Runs a command to its end and returns its output. Raises CloudError if it fails.

    `timeout` is in seconds. After it, or when `cancelled` is set, the child is killed, but the command ends only when
    all its descendants have closed the output. Must be awaited on the main thread: a program that asks the kernel to be
    killed with its parent (PR_SET_PDEATHSIG) refers to the thread that started it.
    """
    everything = bytearray()
    stdout = _Output(log if command.log_stdout else None, everything)
    stderr = _Output(log if command.log_stderr else None, everything)
    process = await _start(command)
    watch = asyncio.create_task(_kill_when_over(process, timeout, cancelled))
    streams = [asyncio.ensure_future(work) for work in _streams(process, command, stdout, stderr)]
    try:
        await asyncio.gather(*streams)
        code = await process.wait()
    except _LineTooLongError:
        raise _failed(_TOO_LONG, command, everything) from None
    finally:
        for task in (watch, *streams):
            task.cancel()
        _kill(process)
    if code != 0:
        raise _failed(_status(code), command, everything)
    return ProcessResult(_decode(stdout.text).removesuffix("\n"), _decode(stderr.text).removesuffix("\n"))


async def _start(command: Command) -> asyncio.subprocess.Process:
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        return await asyncio.create_subprocess_exec(
            *command.argv,
            stdin=pipe if command.stdin else null,
            stdout=pipe,
            stderr=pipe,
            cwd=command.directory,
            env=command.environment,
        )
    except OSError as error:
        operation = "chdir" if error.filename is not None and error.filename == command.directory else "fork/exec"
        name = error.filename or command.argv[0]
        raise _failed(f"{operation} {name}: {os.strerror(error.errno or 0).lower()}", command, b"") from None


def _streams(
    process: asyncio.subprocess.Process, command: Command, stdout: _Output, stderr: _Output
) -> Iterator[Coroutine[None, None, None]]:
    yield _feed(process, command.stdin)
    for output, stream in ((stdout, process.stdout), (stderr, process.stderr)):
        if stream is not None:
            yield output.follow(stream)


async def _feed(process: asyncio.subprocess.Process, text: str | None) -> None:
    if process.stdin is not None and text:
        with suppress(BrokenPipeError, ConnectionResetError):  # a command need not read its input
            process.stdin.write(text.encode())
            await process.stdin.drain()
        process.stdin.close()


async def _kill_when_over(process: asyncio.subprocess.Process, timeout: float | None, cancelled: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(cancelled.wait(), timeout)
    _kill(process)


def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()


def _status(code: int) -> str:
    if code > 0:
        return f"exit status {code}"
    return f"signal: {(signal.strsignal(-code) or str(-code)).lower()}"


def _failed(reason: str, command: Command, output: bytes | bytearray) -> CloudError:
    return CloudError(f"{reason}: running {json.dumps(command.text, ensure_ascii=False)}:\n{_decode(output)}", "failed")


def _decode(data: bytes | bytearray) -> str:
    return data.decode(errors="replace")
