"""`fediversity probe`: looks at every machine and records how it was found. Meant for a timer; changes no machine."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from fediversity.cli.connection import Connection, connect
from fediversity.cli.fleet_argument import DEFAULT_STACK
from fediversity.cli.machine_probe import ProbeResult, probe_machine
from fediversity.cli.parallel import ask_all
from fediversity.cli.status_model import busy
from fediversity.fleet.model import Fleet
from fediversity.ledger import history
from fediversity.ledger.records import StepRecord
from fediversity.ledger.sqlite import Ledger
from fediversity.planning.stacks import ledger_of, open_stack
from fediversity.project.settings import Settings
from fediversity.steps.transport.cancellation import Cancellation
from fediversity.support.errors import UsageError

_SECONDS = 60.0

State = Literal["well", "unwell", "drifted", "unreachable", "offline", "busy", "new"]
FAILURES: frozenset[State] = frozenset({"unwell", "drifted", "unreachable"})
"""What makes the command end with 1. `offline` is a machine that does not answer and need not: a Mac sleeps."""

_NEW = "never rolled out from this checkout, so there is nothing to compare"
_NO_ADDRESS = "nobody wrote down where it is: the next step that runs on it does"


@dataclass(frozen=True)
class MachineCheck:
    """How one machine was found. `busy` and `new` were not looked at, and nothing is recorded of them."""

    machine: str
    state: State
    detail: str
    found: ProbeResult | None = None


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    parser.add_argument("stack", nargs="?", default=DEFAULT_STACK, help=f"the stack (default: {DEFAULT_STACK})")
    parser.add_argument("machines", nargs="*", metavar="MACHINE", help="look at these only")
    parser.add_argument(
        "--timeout",
        type=float,
        default=_SECONDS,
        metavar="SECONDS",
        help=f"how long all of it may take (default: {_SECONDS:g})",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")


def run(arguments: argparse.Namespace) -> int:
    """Looks at the machines. Exit code 1 if one is not well, drifted, or away and must not be.

    Raises FediversityError if there is no such fleet or machine.
    """
    settings, fleet = open_stack(arguments.stack)
    names = chosen_machines(fleet, arguments.machines)
    checked = probe_machines(settings, fleet, names, arguments.timeout)
    if arguments.json:
        json.dump({"stack": settings.stack, "machines": [asdict(entry) for entry in checked]}, sys.stdout, indent=2)
        print()
    else:
        width = max((len(entry.machine) for entry in checked), default=0)
        for entry in checked:
            print(f"{entry.machine:<{width}}  {entry.state}: {entry.detail}")
    return 1 if any(entry.state in FAILURES for entry in checked) else 0


def chosen_machines(fleet: Fleet, names: Sequence[str]) -> tuple[str, ...]:
    """The machines a person has named, all enabled ones if none. Raises UsageError for those that are not there."""
    wrong = [name for name in names if name not in fleet.enabled_machines]
    if wrong:
        known = ", ".join(fleet.enabled_machines) or "none"
        raise UsageError(f"Not an enabled machine of this fleet: {', '.join(wrong)}; enabled: {known}.")
    return tuple(dict.fromkeys(names or fleet.enabled_machines))


def probe_machines(settings: Settings, fleet: Fleet, names: Sequence[str], seconds: float) -> tuple[MachineCheck, ...]:
    """Looks at machines for at most `seconds`, and records what was found. To be called in the project's folder."""
    ledger = ledger_of(settings.stack, fleet)
    before = ledger.records()
    at_work = {name for name in names if busy(before, name)}
    targets = {name: connect(settings, fleet, name, before) for name in names if name not in at_work}
    asked = {name: target for name, target in targets.items() if target and history.of_machine(before, name)}
    found = _look_at(asked, before, seconds)
    if asked:
        ledger.create()  # A ledger of an earlier version has no table for what was found.
    after = ledger.records()
    checked = []
    for name in names:
        if name in at_work or (name in asked and _touched(name, before, after)):
            checked.append(MachineCheck(name, "busy", "a step is at work on it; nothing was recorded"))
        elif name not in asked:
            checked.append(MachineCheck(name, "new", _NEW if not history.of_machine(before, name) else _NO_ADDRESS))
        else:
            checked.append(_recorded(ledger, name, found[name], may_be_off=fleet.machines[name].deferred_when_off))
    return tuple(checked)


def _look_at(
    targets: Mapping[str, Connection], records: Sequence[StepRecord], seconds: float
) -> dict[str, ProbeResult]:
    def question(target: Connection) -> Callable[[Cancellation], ProbeResult]:
        expected = history.should_run(history.of_machine(records, target.name))
        return lambda stop: probe_machine(target.stopping_by(stop), expected)

    late = ProbeResult(False, False, False, None, f"no answer within {seconds:g} s")
    answers = ask_all({name: question(target) for name, target in targets.items()}, seconds)
    return {name: answer or late for name, answer in answers.items()}


def _touched(name: str, before: Sequence[StepRecord], after: Sequence[StepRecord]) -> bool:
    """Whether a step has been at work on a machine in between: then what was seen may be half of one and of another."""
    return history.of_machine(before, name) != history.of_machine(after, name)


def _recorded(ledger: Ledger, name: str, found: ProbeResult, *, may_be_off: bool) -> MachineCheck:
    ledger.record_probe(name, **asdict(found))
    if not found.reachable:
        return MachineCheck(name, "offline" if may_be_off else "unreachable", found.detail, found)
    if not found.healthy:
        return MachineCheck(name, "unwell", found.detail, found)
    return MachineCheck(name, "drifted" if found.drift else "well", found.detail, found)
