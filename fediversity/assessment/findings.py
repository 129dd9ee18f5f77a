"""Reads the findings about combining clan, import-tree and the other parts, written by hand in `findings.yaml`."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("findings.yaml")


class Severity(StrEnum):
    """Critical findings break the purpose of clan, major ones need a workaround, minor ones are good to know."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"


@dataclass(frozen=True)
class Finding:
    """One finding.

    `found` is its source: run here, evaluated, read in the source of a project, or recorded by others. An empty
    `workaround` means that there is none.
    """

    title: str
    severity: Severity
    found: str
    what: str
    workaround: str


def read_findings(file: Path = _FILE) -> tuple[Finding, ...]:
    """Reads the findings, in the file's order."""
    return tuple(
        Finding(
            title=entry["title"],
            severity=Severity(entry["severity"]),
            found=" ".join(entry["found"].split()),
            what=" ".join(entry["what"].split()),
            workaround=" ".join(entry.get("workaround", "").split()),
        )
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["findings"]
    )
