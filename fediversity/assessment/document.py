"""Generates docs/INTEGRATION-FINDINGS.md from the template, the findings and the results.

The same template, findings and evidence give the same text, so a test can detect a stale document.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from fediversity.assessment.decision import supported_decision
from fediversity.assessment.evidence import Evidence
from fediversity.assessment.findings import Finding
from fediversity.assessment.results import Result, Row

DOCUMENT = Path("docs/INTEGRATION-FINDINGS.md")
_TEMPLATE = Path(__file__).with_name("template.md")
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_TREES = {
    "whole": "with the complete nixpkgs",
    "library": "**evaluated without nixpkgs** (with its library and a stub, so without NixOS's own options, "
    "assertions and packages; nothing was built)",
    "unknown": "without an evaluation",
}


def document(evidence: Evidence, findings: Sequence[Finding], template: str | None = None) -> str:
    """Returns the document. Raises KeyError for an unknown placeholder in the template."""
    support = supported_decision(evidence.rows, findings)
    parts = {
        "decision": f"So far: {support.decision}.",
        "reasons": _list(f"{reason}." for reason in support.reasons),
        "basis": _basis(evidence),
        "results": _table(evidence.rows),
        "commands": _commands(evidence.rows),
        "works": _list(f"{_sentence(row.claim)} ({row.how})." for row in _with(evidence.rows, Result.PASS)),
        "findings": "\n\n".join(map(_finding, findings)),
        "unchecked": _list(
            f"`{row.criterion}`: {row.claim}. Reason: {row.outcome.evidence}."
            for row in _with(evidence.rows, Result.NOT_CHECKED)
        ),
    }
    text = _TEMPLATE.read_text(encoding="utf-8") if template is None else template
    return _PLACE.sub(lambda place: parts[place[1]], text)


def _basis(evidence: Evidence) -> str:
    nix = f"Nix {evidence.nix}, {_TREES[evidence.nixpkgs]}" if evidence.nix else "no Nix: only the files were read"
    inputs = "; ".join(f"{name} {revision}" for name, revision in evidence.inputs.items())
    return f"On {evidence.date} with {nix}." + (f"\nInputs: {inputs}." if inputs else "")


def _table(rows: Iterable[Row]) -> str:
    head = "| area | criterion | claim | how | result | evidence |\n|---|---|---|---|---|---|"
    return "\n".join([head, *map(_row, rows)])


def _row(row: Row) -> str:
    cells = (row.area, f"`{row.criterion}`", row.claim, row.how, row.result, row.outcome.evidence)
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _commands(rows: Iterable[Row]) -> str:
    lines = [f"    # {row.criterion}\n    {row.outcome.again}" for row in rows if row.outcome.again != "./just assess"]
    others = "All other criteria are checked on a copy of the clan (placeholder vars, renamed files): `./just assess`."
    return "\n".join([*lines, "", others])


def _finding(finding: Finding) -> str:
    workaround = f"*Workaround:* {finding.workaround}" if finding.workaround else "*No workaround is known.*"
    return f"### {finding.title}\n\n*{finding.severity}.* {finding.what}\n\n{workaround}\n\n*Source:* {finding.found}"


def _with(rows: Iterable[Row], result: Result) -> Iterable[Row]:
    return (row for row in rows if row.result is result)


def _list(entries: Iterable[str]) -> str:
    return "\n".join(f"- {entry}" for entry in entries) or "- Nothing."


def _sentence(claim: str) -> str:
    return claim[0].upper() + claim[1:]
