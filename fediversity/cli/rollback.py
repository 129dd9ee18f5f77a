"""`fediversity rollback`: makes a machine run the system it ran before. Asks first, and records the rollback."""

import argparse
import contextlib
import os
import shlex
import time

from fediversity.cli.connection import Connection, connect
from fediversity.cli.rollback_plan import RollbackPlan, plan_rollback, roll_back
from fediversity.cli.stack_argument import add_stack_option
from fediversity.cli.status_model import busy
from fediversity.ledger import history
from fediversity.ledger.records import Outcome
from fediversity.ledger.sqlite import Ledger
from fediversity.planning.stacks import ledger_of, open_stack
from fediversity.project.settings import SettingsError
from fediversity.steps.facts import patience_of
from fediversity.steps.job import StepError
from fediversity.steps.log import Log
from fediversity.support.errors import RefusedError
from fediversity.support.prompt import can_ask, confirm
from fediversity.support.redact import Redactor, secrets_of

EXAMPLES = (
    "fediversity rollback cinnabar --stack production",
    "fediversity rollback cinnabar --to 41 --yes",
    "fediversity rollback cinnabar --release",
)

_RELEASED = "released by a person: the next rollout updates it"


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    parser.add_argument("machine")
    add_stack_option(parser)
    parser.add_argument(
        "--to", metavar="GENERATION|PATH", help="the number of a generation, or a path in the Nix store"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--release", action="store_true", help="change nothing now, but let the next rollout update a held machine"
    )


def run(arguments: argparse.Namespace) -> int:
    """Rolls one machine back. Returns 1 if that was not done. Raises FleetError or SettingsError."""
    project, fleet = open_stack(arguments.stack)
    name = arguments.machine
    if name not in fleet.enabled_machines:
        known = ", ".join(fleet.enabled_machines) or "none"
        raise SettingsError(f"'{name}' is no enabled machine of this fleet; enabled: {known}.")
    with project.only_run():
        ledger = ledger_of(project, fleet)
        records = ledger.records()
        if busy(records, name):
            raise RefusedError(f"A step is at work on {name}: wait for its end, or stop the rollout.")
        runs = history.of_machine(records, name)
        if arguments.release:
            return _release(ledger, name, is_held=history.held(runs, ledger.drifts().get(name)) is not None)
        machine = connect(project, fleet, name, records)
        if machine is None:
            raise SettingsError(f"The address of {name} is not known: it was never rolled out from this checkout.")
        try:
            plan = plan_rollback(machine, runs, arguments.to)
        except StepError as error:
            raise SettingsError(f"{error.reason} ({error.hint})") from None
        _show(name, plan)
        if not (arguments.yes or _agreed()):
            return 1
        return _carry_out(ledger, machine, plan, _patience(simulated=project.settings.simulated))


def _patience(*, simulated: bool) -> float:
    return patience_of(os.environ.get("FEDIVERSITY_PATIENCE"), simulated=simulated)


def _show(name: str, plan: RollbackPlan) -> None:
    print(f"{name} runs       {plan.before}\n{' ' * len(name)} would run {plan.to}\nby these commands on it:")
    for line in plan.lines:
        print(f"    {line}")


def _agreed() -> bool:
    if not can_ask():
        raise RefusedError("There is no terminal to ask on, so nothing was changed; --yes answers beforehand.")
    if confirm("Roll it back?"):
        return True
    print("nothing was changed")
    return False


def _carry_out(ledger: Ledger, machine: Connection, plan: RollbackPlan, patience: float) -> int:
    name = machine.name
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    log_name = f"logs/{name}/{name}-rollback-{moment}-{os.getpid()}.log"
    folder = ledger.path.parent
    ledger.create()
    with contextlib.closing(Log(folder / log_name, Redactor(secrets_of(os.environ)))) as log:
        record = ledger.begin(
            step=f"{name}-rollback",
            kind="rollback",
            machine=name,
            server_id=None,
            fingerprint=None,
            command="; ".join(shlex.join(command) for command in plan.commands),
            log=log_name,
            address=machine.target.host,
        )
        outcome: Outcome = "applied"
        hint, system = "", plan.to
        try:
            reason = roll_back(machine, plan, log, patience)
        except StepError as error:
            outcome, reason, hint = "failed", error.reason, error.hint
        except KeyboardInterrupt:
            outcome, reason, hint = "interrupted", "stopped by a person in the middle", "run `fediversity probe`"
        ledger.end(record, outcome, reason, system if outcome == "applied" else None, hint)
        log.note(f"{outcome}: {reason}")
    print(f"{name}: {reason}")
    if hint:
        print(f"  what to do: {hint}")
    print(f"  log: {folder / log_name}")
    if outcome == "applied":
        _print_next(ledger, name)
    return 0 if outcome == "applied" else 1


def _print_next(ledger: Ledger, name: str) -> None:
    if history.held(history.of_machine(ledger.records(), name), ledger.drifts().get(name)) is None:
        print("  its last update had not ended well, or it had drifted since: the next rollout updates it again")
    else:
        print(f"  it is held: it is updated again when its configuration changes, or after `--release {name}`")


def _release(ledger: Ledger, name: str, *, is_held: bool) -> int:
    if not is_held:
        raise RefusedError(f"{name} is not held: nothing was changed.")
    ledger.create()
    # A record of drift makes the next rollout run the machine's update again.
    ledger.record_probe(name, healthy=True, drift=True, system=None, detail=_RELEASED)
    print(f"{name}: the next rollout updates it")
    return 0
