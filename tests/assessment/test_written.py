"""Tests the files that the assessment writes: current, complete, and without paths of the computer."""

import re
from pathlib import Path

import pytest

from fediversity.assessment.criteria import CRITERIA
from fediversity.assessment.document import DOCUMENT, document
from fediversity.assessment.evidence import EVIDENCE, UNKNOWN, Evidence, parse, read, revisions
from fediversity.assessment.findings import Severity, read_findings
from fediversity.assessment.nix import error_summary
from fediversity.assessment.observed import TO_OBSERVE
from fediversity.assessment.results import How, Result, Row, not_checked, passed
from tests.assessment.checkout import ROOT

_OF_THIS_COMPUTER = re.compile(r"(?<![\w.$])/(?:home|root|tmp|work|Users|nix/store)/")

ROW = Row("parts", "flake", "a | b", How.PARSED, passed("6 <inputs>", "nix eval x"))
OPEN = Row("built", "machine", "it builds", How.OBSERVED, not_checked("needs a machine", "clan machines build"))
EXAMPLE = Evidence("2026-03-01", "2.26.3", "library", {"clan-core": UNKNOWN}, (ROW, OPEN))


def test_the_committed_document_is_what_template_findings_and_evidence_make() -> None:
    text = document(read(ROOT), read_findings())
    assert (ROOT / DOCUMENT).read_text() == text, "run `./just assess` and commit what it wrote"


def test_the_committed_evidence_has_every_criterion_once_in_order() -> None:
    rows = read(ROOT).rows
    assert [row.criterion for row in rows] == [*(criterion.name for criterion in CRITERIA), *TO_OBSERVE]
    claims = {criterion.name: (criterion.claim, criterion.how) for criterion in CRITERIA}
    assert {row.criterion: (row.claim, row.how) for row in rows if row.criterion in claims} == claims
    assert not [row for row in rows if row.result is Result.FAIL]


@pytest.mark.parametrize("file", [DOCUMENT, EVIDENCE, Path("docs/PATTERNS.md")])
def test_nothing_written_names_a_place_of_this_computer(file: Path) -> None:
    assert _OF_THIS_COMPUTER.search("at /tmp/x"), "the search is blind"
    assert _OF_THIS_COMPUTER.findall((ROOT / file).read_text()) == []


def test_evidence_can_be_read_again_as_it_was_written() -> None:
    assert parse(EXAMPLE.text()) == EXAMPLE


def test_the_document_says_what_stood_for_nixpkgs_and_keeps_the_table_whole() -> None:
    text = document(EXAMPLE, read_findings())
    assert "On 2026-03-01 with Nix 2.26.3, **evaluated without nixpkgs**" in text
    assert f"Inputs: clan-core {UNKNOWN}." in text
    assert "| flake | `parts` | a \\| b | parsed | PASS | 6 &lt;inputs> |" in text
    assert "{{" not in text


def test_a_place_that_nothing_fills_is_an_error() -> None:
    with pytest.raises(KeyError, match="mood"):
        document(EXAMPLE, [], "{{mood}}")


def test_every_finding_says_what_how_bad_and_how_it_is_known() -> None:
    findings = read_findings()
    assert all(finding.title and finding.what and finding.found for finding in findings)
    assert len({finding.title for finding in findings}) == len(findings)
    assert [finding for finding in findings if finding.severity is not Severity.MINOR and not finding.workaround] == []


def test_an_input_s_revision_is_its_commit_or_hash_and_unknown_for_a_local_copy() -> None:
    nodes = {
        "root": {"inputs": {"a": "a", "b": "b", "c": "c_2", "d": ["a", "d"]}},
        "a": {"locked": {"type": "path", "path": "/x"}},
        "b": {"locked": {"type": "github", "rev": "abc"}},
        "c_2": {"locked": {"type": "tarball", "narHash": "sha256-x"}},
    }
    assert revisions({"root": "root", "nodes": nodes}) == {"a": UNKNOWN, "b": "abc", "c": "sha256-x"}


def test_nix_is_quoted_with_its_last_error_and_no_path() -> None:
    said = "error: outer\n\n   error: attribute 'x' missing\n   at /nix/store/abc-source/flake.nix:3:1:\n"
    assert error_summary(said) == "attribute 'x' missing at …:3:1:"
    assert (
        error_summary("error: 'path:/a/b' and file:///a/b, read nix/fleet.json")
        == "'path:…' and file:…, read nix/fleet.json"
    )
    assert (
        error_summary("error: unable to download 'https://x.invalid/y'") == "unable to download 'https://x.invalid/y'"
    )
