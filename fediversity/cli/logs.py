"""`fediversity logs`: the log of a step, or which logs there are."""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from fediversity.cli.fleet_argument import DEFAULT_STACK
from fediversity.ledger.records import StepRecord
from fediversity.planning.stacks import ledger_of, read_settings, state_folder
from fediversity.support.errors import UsageError

FLEET = "fleet"
"""What is given in place of a machine for the steps that are done once for the whole fleet."""


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    parser.add_argument("machine", help=f"the machine, or `{FLEET}` for what is done once for all")
    parser.add_argument("--stack", default=DEFAULT_STACK, help=f"the stack (default: {DEFAULT_STACK})")
    parser.add_argument("--step", help="the newest log of this step, e.g. `update` or `social-apply`")
    parser.add_argument("--all", action="store_true", help="list the logs in place of printing the newest")


def run(arguments: argparse.Namespace) -> int:
    """Prints the newest log, its path first, or lists them all. Raises UsageError if there is none."""
    stack = read_settings(arguments.stack, Path()).stack
    runs = chosen_runs(ledger_of(stack).records(), arguments.machine, arguments.step)
    if not runs:
        raise UsageError(_nothing(arguments, ledger_of(stack).records()))
    if arguments.all:
        for record in runs:
            began = datetime.fromtimestamp(record.queued_at).astimezone().isoformat(sep=" ", timespec="seconds")
            print(
                f"{began}  {record.step} {record.outcome or 'has not ended'}  {state_folder(stack) / str(record.log)}"
            )
        return 0
    path = state_folder(stack) / str(runs[-1].log)
    if not path.exists():
        raise UsageError(f"{path} is gone (`./just clean` removes logs); --all lists what else there was.")
    print(path, flush=True)
    with path.open("rb") as log:
        sys.stdout.buffer.writelines(log)
    return 0


def chosen_runs(records: Sequence[StepRecord], machine: str, step: str | None) -> tuple[StepRecord, ...]:
    """The runs with a log of a machine's steps, deployments on it included, oldest first.

    `step` is the name of a step, or its kind.
    """
    wanted = None if machine == FLEET else machine
    return tuple(
        record
        for record in records
        if record.machine == wanted and record.log and step in {None, record.step, record.kind}
    )


def _nothing(arguments: argparse.Namespace, records: Sequence[StepRecord]) -> str:
    what = f" of the step {arguments.step}" if arguments.step else ""
    others = sorted({record.machine or FLEET for record in records if record.log})
    if arguments.machine in others:
        steps = dict.fromkeys(record.step for record in chosen_runs(records, arguments.machine, None))
        return f"There is no log{what} of {arguments.machine}; there are logs of {', '.join(steps)}."
    known = f"there are logs of {', '.join(others)}" if others else "nothing was rolled out from this checkout"
    return f"There is no log of {arguments.machine} in stack {arguments.stack}; {known}."
