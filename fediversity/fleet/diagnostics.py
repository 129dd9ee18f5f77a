"""What is wrong with a fleet file, in words a person can act on."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fediversity.fleet.secret_scan import printable
from fediversity.support.errors import FediversityError

Location = tuple[str | int, ...]
"""Where in the file: keys and list positions from the top, e.g. ("machines", "cinnabar", "tags", 0)."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, before it is known on which line it stands.

    `what` says what was found, `fix` what to write instead. `absent` is set when the finding is that something is not
    declared: where it would have been. If an entry there could not be read, the finding says nothing.
    """

    where: Location
    what: str
    fix: str
    absent: Location | None = None


@dataclass(frozen=True)
class Problem:
    """A finding with its place in the file. `line` counts from 1; 0 means the file as a whole.

    The texts are made safe to print: no private key, no long token, no control character.
    """

    file: str
    line: int
    field: str
    what: str
    fix: str

    def __post_init__(self) -> None:
        for name in ("field", "what", "fix"):
            object.__setattr__(self, name, printable(getattr(self, name)))

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        subject = f"{self.field}: " if self.field else ""
        return f"{place}: {subject}{self.what}\n    fix: {self.fix}"


class FleetError(FediversityError):
    """A fleet file that cannot be used. `problems` holds everything that is wrong with it, in the file's order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.file, problem.line, problem.field)))
        super().__init__(str(self))

    def __str__(self) -> str:
        count = len(self.problems)
        files = ", ".join(sorted({problem.file for problem in self.problems}))
        total = f"{count} problem{'' if count == 1 else 's'} in {files}; nothing was changed."
        return "\n".join([*map(str, self.problems), total])


@dataclass(frozen=True)
class LineMap:
    """On which line of a file each key and list item stands."""

    file: str
    lines: Mapping[Location, int] = field(default_factory=dict)

    def line(self, where: Location) -> int:
        """Returns the line of `where`, or of the nearest thing around it that is in the file; 0 if there is none."""
        for length in range(len(where), -1, -1):
            if (line := self.lines.get(where[:length])) is not None:
                return line
        return 0

    def problem(self, finding: Finding) -> Problem:
        """Puts a finding in its place."""
        return Problem(self.file, self.line(finding.where), dotted(finding.where), finding.what, finding.fix)


def dotted(where: Location) -> str:
    """Returns a location as people write it: `machines.cinnabar.tags[0]`."""
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def related(one: Location, other: Location) -> bool:
    """Returns whether one location is the other, or lies inside it."""
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def choose(found: str, choices: Iterable[str], most: int = 8) -> str:
    """Returns a fix for a word that is not one of `choices`: the likeliest one first, then what else there is."""
    known = sorted(choices)
    close = difflib.get_close_matches(found, known, n=1, cutoff=0.6)
    hint = f"did you mean '{close[0]}'? " if close else ""
    listed = ", ".join(known[:most]) + (f", … ({len(known)} in all)" if len(known) > most else "")
    return f"{hint}known: {listed}" if known else f"{hint}there is none yet; declare it first"
