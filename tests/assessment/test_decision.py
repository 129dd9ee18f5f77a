"""Tests which decision the results and findings support: GO, CONDITIONAL GO or NO-GO."""

from fediversity.assessment.decision import Decision, supported_decision
from fediversity.assessment.findings import Finding, Severity
from fediversity.assessment.results import How, Outcome, Result, Row


def row(result: Result, name: str = "whole", how: How = How.EVALUATED) -> Row:
    return Row(name, "system", "a claim", how, Outcome(result, "evidence"))


def finding(severity: Severity, workaround: str = "") -> Finding:
    return Finding("a finding", severity, "run", "what", workaround)


PASSED = [row(Result.PASS), row(Result.PASS, "mesh", How.OBSERVED)]


def test_all_passed_and_only_minor_findings_support_go() -> None:
    support = supported_decision(PASSED, [finding(Severity.MINOR)])
    assert str(support) == "GO: all 2 criteria pass"


def test_a_major_finding_with_a_workaround_makes_it_conditional() -> None:
    support = supported_decision(PASSED, [finding(Severity.MAJOR, "do this")])
    assert str(support) == "CONDITIONAL GO: all 2 criteria pass; 1 major finding with a workaround"


def test_a_failed_criterion_supports_no_go_by_its_name_whatever_else_passed() -> None:
    support = supported_decision([*PASSED, row(Result.FAIL, "secret-deployed", How.OBSERVED)], [])
    assert str(support) == "NO-GO: secret-deployed fails"


def test_a_critical_finding_and_a_major_one_without_a_workaround_support_no_go() -> None:
    assert supported_decision(PASSED, [finding(Severity.CRITICAL, "do this")]).decision is Decision.NO_GO
    assert supported_decision(PASSED, [finding(Severity.MAJOR)]).decision is Decision.NO_GO


def test_what_is_not_checked_leaves_it_undecided_and_says_how_many_need_a_machine() -> None:
    unchecked = [row(Result.NOT_CHECKED, "lock", How.PARSED), row(Result.NOT_CHECKED, "built", How.OBSERVED)]
    support = supported_decision([*PASSED, *unchecked], [])
    assert support.decision is Decision.UNDECIDED
    assert support.reasons[0] == "1 criterion needs a machine, 1 more is not checked"
    assert support.reasons[1].endswith("it is GO")
    assert supported_decision([*PASSED, *unchecked[1:], *unchecked[1:]], []).reasons[0] == "2 criteria need a machine"


def test_what_is_not_checked_does_not_hide_a_failure() -> None:
    assert supported_decision([row(Result.FAIL), row(Result.NOT_CHECKED)], []).decision is Decision.NO_GO


def test_no_results_decide_nothing() -> None:
    assert supported_decision([], []).decision is Decision.UNDECIDED
