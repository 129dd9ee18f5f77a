"""What is asked and what came out: criteria, their results, and the evidence for each."""

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """How a criterion stands."""

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
    """What came out for one criterion.

    `evidence` is a value, a count or the reason; `again` is a command line by which a person sees the same.
    """

    result: Result
    evidence: str
    again: str = ""


@dataclass(frozen=True)
class Row:
    """A criterion with its outcome, as the table and evidence.json hold it."""

    criterion: str
    area: str
    claim: str
    how: How
    outcome: Outcome

    @property
    def result(self) -> Result:
        """PASS, FAIL or NOT CHECKED."""
        return self.outcome.result


def passed(evidence: str, again: str = "") -> Outcome:
    """The criterion holds."""
    return Outcome(Result.PASS, evidence, again)


def failed(evidence: str, again: str = "") -> Outcome:
    """The criterion does not hold."""
    return Outcome(Result.FAIL, evidence, again)


def not_checked(why: str, again: str = "") -> Outcome:
    """Nobody knows yet, and why; `again` is what finds it out."""
    return Outcome(Result.NOT_CHECKED, why, again)


def judged(holds: bool, evidence: str, again: str = "") -> Outcome:
    """Passed or failed, with the same evidence either way: what was found."""
    return Outcome(Result.PASS if holds else Result.FAIL, evidence, again)
