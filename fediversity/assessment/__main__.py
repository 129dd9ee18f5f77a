"""Implements `./just assess [-- NIX OPTIONS]`: checks the criteria, prints the results, and writes them to files."""

import datetime
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fediversity.assessment.context import VALIDATION, AssessmentContext
from fediversity.assessment.criteria import check_all
from fediversity.assessment.decision import supported_decision
from fediversity.assessment.document import DOCUMENT, document
from fediversity.assessment.evidence import EVIDENCE, collect_evidence
from fediversity.assessment.findings import read_findings
from fediversity.assessment.nix import Nix
from fediversity.assessment.results import Result, Row
from fediversity.fleet.flake_copies import write_copies
from fediversity.support.errors import FediversityError

_COLOURS = {Result.PASS: "green", Result.FAIL: "bold red", Result.NOT_CHECKED: "yellow"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the assessment in the root of the checkout. Returns 1 if a criterion fails, 2 for wrong usage."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = words[1:] if words[:1] == ["--"] else words
    if options and not options[0].startswith("-"):
        print(f"fediversity: assess takes only options for nix, after `--`; found '{options[0]}'", file=sys.stderr)
        return 2
    project = Path.cwd()
    if not (project / VALIDATION / "flake.nix").is_file():
        print(
            f"fediversity: {VALIDATION}/flake.nix is not here: start this at the top of the checkout", file=sys.stderr
        )
        return 2
    context = AssessmentContext(project, Nix.find(options))
    console = Console(highlight=False)
    if context.nix is None:
        console.print("There is no nix on PATH: only what the files themselves say is checked.")
    try:
        write_copies(context.flake)
        rows = tuple(check_all(context))
    except FediversityError as error:
        print(error, file=sys.stderr)
        return 1
    evidence = collect_evidence(context, rows, datetime.datetime.now(datetime.UTC).date().isoformat())
    findings = read_findings()
    (project / EVIDENCE).parent.mkdir(parents=True, exist_ok=True)
    (project / EVIDENCE).write_text(evidence.text(), encoding="utf-8")
    (project / DOCUMENT).write_text(document(evidence, findings), encoding="utf-8")
    print_results(console, rows)
    console.print(Text(str(supported_decision(rows, findings)), style="bold"))
    console.print(Text(f"{EVIDENCE} and {DOCUMENT} written"))
    return 1 if any(row.result is Result.FAIL for row in rows) else 0


def print_results(console: Console, rows: Sequence[Row]) -> None:
    """Prints the results as a table, followed by a command line for each criterion."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("criterion", "how", "result", "evidence"):
        table.add_column(name, no_wrap=name != "evidence", overflow="fold")
    for row in rows:
        result = Text(row.result, style=_COLOURS[row.result])
        table.add_row(Text(row.criterion), Text(row.how), result, Text(row.outcome.evidence))
    console.print(table)
    console.print()
    for row in rows:
        console.print(Text(f"{row.criterion}: {row.claim}"), soft_wrap=True)
        console.print(Text(f"    {row.outcome.again}", style="dim"), soft_wrap=True)
    console.print()


if __name__ == "__main__":
    sys.exit(main())
