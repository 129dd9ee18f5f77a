"""Plain data about preparing a backend: actions to take, and mismatches of what exists already."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

NEW_KEY = "{the new key's id}"
"""A placeholder in a command for the id of the key that an earlier action created."""


@dataclass(frozen=True)
class CommandResult:
    """The answer of a cloud's tool."""

    status: int
    out: str
    err: str


Run = Callable[[Sequence[str]], CommandResult]


@dataclass(frozen=True)
class Action:
    """One command that changes something, and its purpose."""

    what: str
    command: tuple[str, ...]

    @property
    def shell(self) -> str:
        """The command as a line of shell."""
        return " ".join(word if word == NEW_KEY else shlex.quote(word) for word in self.command)


@dataclass(frozen=True)
class Mismatch:
    """Something that exists and does not fit. `mend` repairs it; None if no command can, or only a person may."""

    what: str
    mend: Action | None


@dataclass(frozen=True)
class ResourceState:
    """The state of a cloud resource.

    `fits` describes what exists and is right, `make` creates what is missing, `wrong` is what does not fit. `remarks`
    are worth knowing and stop nothing.
    """

    fits: tuple[str, ...] = ()
    make: tuple[Action, ...] = ()
    wrong: tuple[Mismatch, ...] = ()
    remarks: tuple[str, ...] = ()

    def __add__(self, other: "ResourceState") -> "ResourceState":
        return ResourceState(
            self.fits + other.fits, self.make + other.make, self.wrong + other.wrong, self.remarks + other.remarks
        )
