"""`fediversity logs`: prints the log of a step, or lists the logs."""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime

from fediversity.cli.stack_argument import add_stack_option
from fediversity.ledger.records import StepRecord
from fediversity.planning.stacks import ledger_of, open_project
from fediversity.support.errors import UsageError

EXAMPLES = (
    "fediversity logs cinnabar --stack dev --step update",
    "fediversity logs fleet --all",
)

FLEET = "fleet"
"""Stands for a machine in the steps that are done once for the whole fleet."""


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    parser.add_argument("machine", help=f"the machine, or `{FLEET}` for the steps that are done once for all")
    add_stack_option(parser)
    parser.add_argument("--step", help="the newest log of this step, e.g. `update` or `social-apply`")
    parser.add_argument("--all", action="store_true", help="list the logs in place of printing the newest")


def run(arguments: argparse.Namespace) -> int:
    """Prints the newest log, its path first, or lists them all. Raises UsageError if there is none."""
    project = open_project(arguments.stack)
    runs = chosen_runs(ledger_of(project).records(), arguments.machine, arguments.step)
    if not runs:
        raise UsageError(_no_log(arguments, ledger_of(project).records()))
    if arguments.all:
        for record in runs:
            began = datetime.fromtimestamp(record.queued_at).astimezone().isoformat(sep=" ", timespec="seconds")
            file = project.relative(project.folder / str(record.log))
            print(f"{began}  {record.step} {record.outcome or 'has not ended'}  {file}")
        return 0
    path = project.folder / str(runs[-1].log)
    shown = project.relative(path)
    if not path.exists():
        raise UsageError(f"{shown} is gone (`./just clean` removes logs); --all lists what else there was.")
    print(shown, flush=True)
    with path.open("rb") as log:
        sys.stdout.buffer.writelines(log)
    return 0


def chosen_runs(records: Sequence[StepRecord], machine: str, step: str | None) -> tuple[StepRecord, ...]:
    """Returns the runs with a log of a machine's steps, its deployments included, oldest first.

    `step` is the name of a step, or its kind.
    """
    subject = None if machine == FLEET else machine
    return tuple(
        record
        for record in records
        if record.machine == subject and record.log and step in {None, record.step, record.kind}
    )


def _no_log(arguments: argparse.Namespace, records: Sequence[StepRecord]) -> str:
    what = f" of the step {arguments.step}" if arguments.step else ""
    others = sorted({record.machine or FLEET for record in records if record.log})
    if arguments.machine in others:
        steps = dict.fromkeys(record.step for record in chosen_runs(records, arguments.machine, None))
        return f"There is no log{what} of {arguments.machine}; there are logs of {', '.join(steps)}."
    known = f"there are logs of {', '.join(others)}" if others else "nothing was rolled out from this checkout"
    return f"There is no log of {arguments.machine} in stack {arguments.stack}; {known}."
