"""Defines a criterion: a claim, and the check that decides whether it holds."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fediversity.assessment.context import AssessmentContext
from fediversity.assessment.nix import NixError
from fediversity.assessment.results import How, Outcome, Row, failed, not_checked


@dataclass(frozen=True)
class Criterion:
    """A claim about the minimal clan, or about the fleet's flake beside it.

    `flake` is the folder of the flake that must be evaluated; None if no Nix is needed. `again` is the command line
    that reproduces the result; a check may return a better one.
    """

    name: str
    area: str
    claim: str
    how: How
    check: Callable[[AssessmentContext], Outcome]
    flake: str | None = None
    again: str = "./just assess"

    def row(self, context: AssessmentContext) -> Row:
        """Checks the criterion: it is not checked if its flake cannot be evaluated here, and fails on other errors."""
        return Row(self.name, self.area, self.claim, self.how, self._outcome(context))

    def _outcome(self, context: AssessmentContext) -> Outcome:
        if self.flake is not None and (why := context.unavailable_reason(self.flake)):
            return not_checked(why, self.again)
        try:
            outcome = self.check(context)
        except NixError as error:
            return failed(str(error), self.again)
        return outcome if outcome.again else Outcome(outcome.result, outcome.evidence, self.again)


def nix_files(folder: Path) -> dict[str, str]:
    """Returns the content of every `.nix` file below a folder, sorted by relative path."""
    return {file.relative_to(folder).as_posix(): file.read_text() for file in sorted(folder.rglob("*.nix"))}
