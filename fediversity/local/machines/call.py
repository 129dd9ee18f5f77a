"""A command on a simulated machine: who runs it, with which words, and where its input and output go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fediversity.local.machines.machine import Machine

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

    `terminal` says whether the client asked for one; `dropped` waits until the session's connection is gone.
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

    def with_argv(self, argv: tuple[str, ...], **changes: object) -> Call:
        """The same surroundings for another command."""
        return replace(self, argv=argv, **changes)  # type: ignore[arg-type]


Command = Callable[[Call], Awaitable[int]]
"""What implements a command: gives its exit status."""
