"""Stores the evidence as data: the date, the versions of Nix and of the inputs, and the results."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fediversity.assessment.context import AssessmentContext
from fediversity.assessment.nix import NixError
from fediversity.assessment.results import How, Outcome, Result, Row

EVIDENCE = Path("docs/assessment/evidence.json")
UNKNOWN = "revision unknown (a local copy)"


@dataclass(frozen=True)
class Evidence:
    """One run of the assessment.

    `nix` is its version, or None if it was not installed. `nixpkgs`: "whole", "library" (only its library, and a stub),
    or "unknown". `inputs` has the revision of each input of the minimal clan.
    """

    date: str
    nix: str | None
    nixpkgs: str
    inputs: Mapping[str, str]
    rows: tuple[Row, ...]

    def text(self) -> str:
        """Returns the content of evidence.json, with a final newline."""
        return json.dumps({"version": 1, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"


def collect_evidence(context: AssessmentContext, rows: Sequence[Row], date: str) -> Evidence:
    """Returns the evidence of the current run."""
    if context.nix is None:
        return Evidence(date, None, "unknown", {}, tuple(rows))
    try:
        tree = "whole" if context.whole_nixpkgs else "library"
        inputs = revisions(context.locks())
    except NixError:
        return Evidence(date, context.nix.version(), "unknown", {}, tuple(rows))
    return Evidence(date, context.nix.version(), tree, inputs, tuple(rows))


def revisions(locks: Mapping[str, Any]) -> dict[str, str]:
    """Returns the locked revision of each direct input of a flake."""
    nodes = locks["nodes"]
    # An input that follows another one is a list of names and has no revision of its own.
    own = {name: node for name, node in nodes[locks["root"]]["inputs"].items() if isinstance(node, str)}
    return {name: _revision(nodes[node]["locked"]) for name, node in sorted(own.items())}


def _revision(locked: Mapping[str, Any]) -> str:
    if locked["type"] == "path":
        return UNKNOWN
    return str(locked.get("rev") or locked["narHash"])


def parse(text: str) -> Evidence:
    """Parses the content of evidence.json."""
    data = json.loads(text)
    rows = tuple(
        Row(
            row["criterion"],
            row["area"],
            row["claim"],
            How(row["how"]),
            Outcome(Result(row["outcome"]["result"]), row["outcome"]["evidence"], row["outcome"]["again"]),
        )
        for row in data["rows"]
    )
    return Evidence(data["date"], data["nix"], data["nixpkgs"], data["inputs"], rows)


def read(project: Path) -> Evidence:
    """Reads the recorded evidence of the last run. Raises OSError if there is none."""
    return parse((project / EVIDENCE).read_text(encoding="utf-8"))
