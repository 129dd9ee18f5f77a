"""Defines the results of criteria and their evidence."""

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """The result of a criterion."""

    PASS = "PASS"  # noqa: S105 (no password)
    FAIL = "FAIL"
    NOT_CHECKED = "NOT CHECKED"


class How(StrEnum):
    """How a criterion is checked, from the weakest kind of evidence to the strongest."""

    PARSED = "parsed"
    EVALUATED = "evaluated"
    PLANNED = "planned"
    OBSERVED = "observed"


@dataclass(frozen=True)
class Outcome:
    """The outcome of one criterion.

    `evidence` is a value, a count or the reason; `again` is a command line that reproduces the result.
    """

    result: Result
    evidence: str
    again: str = ""


@dataclass(frozen=True)
class Row:
    """A criterion with its outcome, as in the table and evidence.json."""

    criterion: str
    area: str
    claim: str
    how: How
    outcome: Outcome

    @property
    def result(self) -> Result:
        """The result: PASS, FAIL or NOT CHECKED."""
        return self.outcome.result


def passed(evidence: str, again: str = "") -> Outcome:
    """Returns an outcome of a criterion that holds."""
    return Outcome(Result.PASS, evidence, again)


def failed(evidence: str, again: str = "") -> Outcome:
    """Returns an outcome of a criterion that does not hold."""
    return Outcome(Result.FAIL, evidence, again)


def not_checked(why: str, again: str = "") -> Outcome:
    """Returns an outcome that is not checked, and why; `again` is the command line that would check it."""
    return Outcome(Result.NOT_CHECKED, why, again)


def pass_or_fail(holds: bool, evidence: str, again: str = "") -> Outcome:
    """Returns a passed or failed outcome, with the same evidence in both cases."""
    return Outcome(Result.PASS if holds else Result.FAIL, evidence, again)
