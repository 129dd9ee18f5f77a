"""`fediversity probe`: looks at every machine and records the result. Made for a timer; changes no machine."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from fediversity.cli.connection import Connection, connect
from fediversity.cli.machine_probe import ProbeResult, probe_machine
from fediversity.cli.parallel import ask_all
from fediversity.cli.stack_argument import add_stack
from fediversity.cli.status_model import busy
from fediversity.fleet.model import Fleet
from fediversity.ledger import history
from fediversity.ledger.records import StepRecord
from fediversity.ledger.sqlite import Ledger
from fediversity.planning.stacks import ledger_of, open_stack
from fediversity.project.project import Project
from fediversity.steps.transport.cancellation import Cancellation
from fediversity.support.errors import UsageError

EXAMPLES = (
    "fediversity probe production --timeout 30",
    "fediversity probe dev cinnabar --json",
)

_SECONDS = 60.0

State = Literal["well", "unwell", "drifted", "unreachable", "offline", "busy", "new"]
FAILURES: frozenset[State] = frozenset({"unwell", "drifted", "unreachable"})
"""States that make the command exit with 1. `offline` is a machine that need not answer, such as a Mac that sleeps."""

_NEW = "never rolled out from this checkout, so there is nothing to compare"
_NO_ADDRESS = "its address is not recorded yet: the next step that runs on it does that"


@dataclass(frozen=True)
class MachineCheck:
    """The state of one machine. Machines that are `busy` or `new` are not probed, and nothing is recorded of them."""

    machine: str
    state: State
    detail: str
    found: ProbeResult | None = None


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    add_stack(parser)
    parser.add_argument("machines", nargs="*", metavar="MACHINE", help="look at these only")
    parser.add_argument(
        "--timeout",
        type=float,
        default=_SECONDS,
        metavar="SECONDS",
        help=f"the time limit of the whole probe (default: {_SECONDS:g})",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")


def run(arguments: argparse.Namespace) -> int:
    """Probes the machines. Returns 1 if the state of one is in FAILURES.

    Raises FediversityError if there is no such fleet or machine.
    """
    project, fleet = open_stack(arguments.stack)
    names = chosen_machines(fleet, arguments.machines)
    checked = probe_machines(project, fleet, names, arguments.timeout)
    if arguments.json:
        json.dump({"stack": project.stack, "machines": [asdict(entry) for entry in checked]}, sys.stdout, indent=2)
        print()
    else:
        width = max((len(entry.machine) for entry in checked), default=0)
        for entry in checked:
            print(f"{entry.machine:<{width}}  {entry.state}: {entry.detail}")
    return 1 if any(entry.state in FAILURES for entry in checked) else 0


def chosen_machines(fleet: Fleet, names: Sequence[str]) -> tuple[str, ...]:
    """Returns the named machines, all enabled ones without names. Raises UsageError for unknown names."""
    unknown = [name for name in names if name not in fleet.enabled_machines]
    if unknown:
        known = ", ".join(fleet.enabled_machines) or "none"
        raise UsageError(f"Not an enabled machine of this fleet: {', '.join(unknown)}; enabled: {known}.")
    return tuple(dict.fromkeys(names or fleet.enabled_machines))


def probe_machines(project: Project, fleet: Fleet, names: Sequence[str], seconds: float) -> tuple[MachineCheck, ...]:
    """Probes machines for at most `seconds` and records the results."""
    ledger = ledger_of(project, fleet)
    before = ledger.records()
    at_work = {name for name in names if busy(before, name)}
    targets = {name: connect(project, fleet, name, before) for name in names if name not in at_work}
    asked = {name: target for name, target in targets.items() if target and history.of_machine(before, name)}
    found = _probe_all(asked, before, seconds)
    if asked:
        ledger.create()  # A ledger of an earlier version has no table of probes.
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


def _probe_all(
    targets: Mapping[str, Connection], records: Sequence[StepRecord], seconds: float
) -> dict[str, ProbeResult]:
    def question(target: Connection) -> Callable[[Cancellation], ProbeResult]:
        expected = history.should_run(history.of_machine(records, target.name))
        return lambda stop: probe_machine(target.stopping_by(stop), expected)

    no_answer = ProbeResult(False, False, False, None, f"no answer within {seconds:g} s")
    answers = ask_all({name: question(target) for name, target in targets.items()}, seconds)
    return {name: answer or no_answer for name, answer in answers.items()}


def _touched(name: str, before: Sequence[StepRecord], after: Sequence[StepRecord]) -> bool:
    """Whether a step has worked on a machine in between: then the answers may be from before and from after it."""
    return history.of_machine(before, name) != history.of_machine(after, name)


def _recorded(ledger: Ledger, name: str, found: ProbeResult, *, may_be_off: bool) -> MachineCheck:
    ledger.record_probe(name, **asdict(found))
    if not found.reachable:
        return MachineCheck(name, "offline" if may_be_off else "unreachable", found.detail, found)
    if not found.healthy:
        return MachineCheck(name, "unwell", found.detail, found)
    return MachineCheck(name, "drifted" if found.drift else "well", found.detail, found)
