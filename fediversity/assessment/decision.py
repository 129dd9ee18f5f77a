"""Derives the decision that the evidence supports: GO, CONDITIONAL GO or NO-GO. A person makes the decision itself.

GO: every criterion passes, and no finding is critical or major. CONDITIONAL GO: every criterion passes, no finding is
critical, and every major one has a documented workaround. NO-GO: a criterion fails, a finding is critical, or a major
one has no workaround. Undecided: criteria are not checked and nothing supports NO-GO. The first use of this rule
allowed two of seven criteria to stay open; here all must be checked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fediversity.assessment.findings import Finding, Severity
from fediversity.assessment.results import How, Result, Row


class Decision(StrEnum):
    """The possible decisions."""

    GO = "GO"
    CONDITIONAL_GO = "CONDITIONAL GO"
    NO_GO = "NO-GO"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Support:
    """The supported decision and its reasons."""

    decision: Decision
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.decision}: {'; '.join(self.reasons)}"


def supported_decision(rows: Sequence[Row], findings: Iterable[Finding]) -> Support:
    """Returns the decision that the results and findings support."""
    all_findings = tuple(findings)
    objections = [f"{row.criterion} fails" for row in rows if row.result is Result.FAIL]
    objections += [f"critical: {finding.title}" for finding in all_findings if finding.severity is Severity.CRITICAL]
    major = [finding for finding in all_findings if finding.severity is Severity.MAJOR]
    objections += [f"major, without a workaround: {finding.title}" for finding in major if not finding.workaround]
    if objections:
        return Support(Decision.NO_GO, tuple(objections))
    workarounds = _count(len(major), "major finding", "with a workaround")
    unchecked = [row for row in rows if row.result is Result.NOT_CHECKED]
    if unchecked or not rows:
        machine = sum(row.how is How.OBSERVED for row in unchecked)
        open_criteria = f"{_count(machine, 'criterion needs', '', 'criteria need')} a machine"
        if others := len(unchecked) - machine:
            open_criteria += f", {_count(others, 'more is', '', 'more are')} not checked"
        best = Decision.CONDITIONAL_GO if major else Decision.GO
        reasons = (open_criteria, f"no criterion fails so far; if the rest pass, it is {best}")
        return Support(Decision.UNDECIDED, reasons + ((workarounds,) if major else ()))
    passed = f"all {len(rows)} criteria pass"
    return Support(Decision.CONDITIONAL_GO, (passed, workarounds)) if major else Support(Decision.GO, (passed,))


def _count(number: int, one: str, rest: str = "", many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'} {rest}".strip()
