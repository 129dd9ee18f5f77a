"""A command on a simulated machine: who runs it, with which words, and where its input and output go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.machine import Machine

NOT_FOUND = 127


class Input(Protocol):
    """A command's standard input."""

    async def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, or all that comes; nothing at its end."""

    async def readline(self) -> bytes:
        """One line with its newline; less at the end."""

    async def readexactly(self, size: int) -> bytes:
        """Exactly `size` bytes; raises `asyncio.IncompleteReadError` when the input ends before."""


@dataclass(frozen=True)
class Call:
    """One simple command in the hands of the function that implements it.

    `terminal` says whether the client asked for one; `dropped` waits until the session's connection is gone, `cut`
    ends that connection. `detached` is what systemd runs: it outlives the session. `on_path` says whether commands are
    found by their names alone.
    """

    machine: Machine
    user: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    stdin: Input
    write_out: Callable[[bytes], None]
    write_error: Callable[[bytes], None]
    terminal: bool
    dropped: Callable[[], Awaitable[None]]
    cut: Callable[[], None]
    detached: bool = False
    on_path: bool = True

    @property
    def name(self) -> str:
        """The command's own name, without its folder."""
        return self.argv[0].rsplit("/", 1)[-1]

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words after the command's name."""
        return self.argv[1:]

    @property
    def is_root(self) -> bool:
        """Whether the command runs as root."""
        return self.user == "root"

    def say(self, text: str) -> None:
        """A line on standard output."""
        self.write_out(f"{text}\n".encode())

    def complain(self, text: str) -> None:
        """A line on standard error."""
        self.write_error(f"{text}\n".encode())

    def fail(self, text: str, status: int = 1) -> int:
        """A line on standard error that names the command; gives the exit status."""
        self.complain(f"{self.name}: {text}")
        return status

    def unsupported(self) -> int:
        """The command is known, these arguments are not: as strict as an unknown command."""
        return self.fail(f"simulated machines do not know these arguments: {' '.join(self.argv)}", NOT_FOUND)

    def for_service(self, name: str, piped: bool) -> Call:
        """The same command in the hands of systemd: it outlives whoever started it.

        Its output goes to the session as long as that is there (`piped`), otherwise to the machine's journal.
        """

        def journal(data: bytes) -> None:
            for line in data.decode(errors="replace").splitlines():
                self.machine.log(f"{name}: {line}")

        def as_long_as_it_is_there(write: Callable[[bytes], None]) -> Callable[[bytes], None]:
            def write_or_not(data: bytes) -> None:
                with suppress(OSError):
                    write(data)

            return write_or_not

        out, error = (as_long_as_it_is_there(self.write_out), as_long_as_it_is_there(self.write_error))
        return replace(
            self, detached=True, write_out=out if piped else journal, write_error=error if piped else journal
        )

    def with_argv(self, argv: tuple[str, ...], **changes: object) -> Call:
        """The same surroundings for another command."""
        return replace(self, argv=argv, **changes)  # type: ignore[arg-type]


Command = Callable[[Call], Awaitable[int]]
"""What implements a command: gives its exit status."""
