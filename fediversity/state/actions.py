"""What is done to prepare a backend, as plain data: steps to take, and what is wrong with what is there already."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

NEW_KEY = "{the new key's id}"
"""Stands in a command for the id of the key that the step before has made."""


@dataclass(frozen=True)
class CommandResult:
    """How a cloud's tool answered."""

    status: int
    out: str
    err: str


Run = Callable[[Sequence[str]], CommandResult]


@dataclass(frozen=True)
class Action:
    """One command that changes something, and what it is for."""

    what: str
    command: tuple[str, ...]

    @property
    def shell(self) -> str:
        """The command as a line of shell."""
        return " ".join(word if word == NEW_KEY else shlex.quote(word) for word in self.command)


@dataclass(frozen=True)
class Mismatch:
    """Something that exists and does not fit. `mend` puts it right; None where nothing can, or only a person may."""

    what: str
    mend: Action | None


@dataclass(frozen=True)
class ResourceState:
    """What was found of one thing.

    `fits` says what is there and as it should be, `make` makes it if it is not there, `wrong` is what does not fit.
    `remarks` are worth knowing and stop nothing.
    """

    fits: tuple[str, ...] = ()
    make: tuple[Action, ...] = ()
    wrong: tuple[Mismatch, ...] = ()
    remarks: tuple[str, ...] = ()

    def __add__(self, other: "ResourceState") -> "ResourceState":
        return ResourceState(
            self.fits + other.fits, self.make + other.make, self.wrong + other.wrong, self.remarks + other.remarks
        )
