"""Defines a command call on a simulated machine: its user, arguments, environment, input and output."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.machine import Machine

NOT_FOUND = 127


class Input(Protocol):
    """The standard input of a command."""

    async def read(self, size: int = -1) -> bytes:
        """Reads up to `size` bytes, or everything; returns nothing at the end of the input."""

    async def readline(self) -> bytes:
        """Reads one line with its newline; the last line may lack it."""

    async def readexactly(self, size: int) -> bytes:
        """Reads exactly `size` bytes. Raises `asyncio.IncompleteReadError` if the input ends earlier."""


class Interpreter(Protocol):
    """Runs calls. Commands get it with their call, so that those that run other commands need not import it."""

    async def run_line(self, call: Call, line: str, arguments: Sequence[str] = ()) -> int:
        """Runs a line as a shell would; `arguments` are `$0`, `$1` and so on."""

    async def run_command(self, call: Call) -> int:
        """Runs one simple command: a known command, or a program on the machine."""

    async def run_service(self, call: Call, has_path: bool) -> int:
        """Runs the program of a service; `has_path` says whether the service has a PATH of its own."""

    def find_command(self, call: Call) -> Command | None:
        """Returns the implementation of a call's command, or None if the call cannot find it on the machine."""


@dataclass(frozen=True)
class Call:
    """One simple command, as passed to the function that implements it.

    `terminal` says whether the client requested a terminal. `dropped` waits until the session's connection is closed;
    `cut` closes that connection. A `detached` command is run by systemd and outlives the session. `on_path` says
    whether commands are found by name alone.
    """

    machine: Machine
    interpreter: Interpreter
    user: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    stdin: Input
    write_out: Callable[[bytes], None]
    write_error: Callable[[bytes], None]
    terminal: bool
    wait_closed: Callable[[], Awaitable[None]]
    cut: Callable[[], None]
    detached: bool = False
    on_path: bool = True

    @property
    def name(self) -> str:
        """The command's name without its folder."""
        return self.argv[0].rsplit("/", 1)[-1]

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments after the command's name."""
        return self.argv[1:]

    @property
    def is_root(self) -> bool:
        """Whether the command runs as root."""
        return self.user == "root"

    async def run(self, argv: tuple[str, ...], **changes: object) -> int:
        """Runs another command in the same context and returns its exit status."""
        return await self.interpreter.run_command(self.with_argv(argv, **changes))

    def print_out(self, text: str) -> None:
        """Writes a line to standard output."""
        self.write_out(f"{text}\n".encode())

    def print_error(self, text: str) -> None:
        """Writes a line to standard error."""
        self.write_error(f"{text}\n".encode())

    def fail(self, text: str, status: int = 1) -> int:
        """Writes a line with the command's name to standard error and returns the exit status."""
        self.print_error(f"{self.name}: {text}")
        return status

    def unsupported(self) -> int:
        """Reports that these arguments are not simulated, with the exit status of an unknown command."""
        return self.fail(f"simulated machines do not know these arguments: {' '.join(self.argv)}", NOT_FOUND)

    def for_service(self, name: str, piped: bool) -> Call:
        """Returns the same command as run by systemd, so that it outlives the session.

        Output goes to the session while that is open (`piped`), otherwise to the machine's journal.
        """

        def journal(data: bytes) -> None:
            for line in data.decode(errors="replace").splitlines():
                self.machine.log(f"{name}: {line}")

        def ignoring_errors(write: Callable[[bytes], None]) -> Callable[[bytes], None]:
            def write_if_open(data: bytes) -> None:
                with suppress(OSError):
                    write(data)

            return write_if_open

        out, error = (ignoring_errors(self.write_out), ignoring_errors(self.write_error))
        return replace(
            self, detached=True, write_out=out if piped else journal, write_error=error if piped else journal
        )

    def with_argv(self, argv: tuple[str, ...], **changes: object) -> Call:
        """Returns a call of another command in the same context."""
        return replace(self, argv=argv, **changes)  # type: ignore[arg-type]


Command = Callable[[Call], Awaitable[int]]
"""A function that implements a command and returns its exit status."""
