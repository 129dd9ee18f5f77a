"""`fediversity status`: how every machine stands, by what is recorded. Asks no machine and no engine."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fediversity.cli.fleet_argument import DEFAULT_STACK
from fediversity.cli.status_model import Status, StatusNote, deployment_statuses, machine_statuses
from fediversity.ledger.records import StepRecord
from fediversity.planning.stacks import ledger_of, open_stack, state_folder
from fediversity.support.durations import ago


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    parser.add_argument("stack", nargs="?", default=DEFAULT_STACK, help=f"the stack (default: {DEFAULT_STACK})")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Prints how the stack stands. Raises FleetError or SettingsError if there is no such fleet."""
    settings, fleet = open_stack(arguments.stack)
    ledger = ledger_of(settings.stack, fleet)
    records, now = ledger.records(), time.time()
    machines = machine_statuses(fleet, records, ledger.probes(), ledger.drifts())
    deployments = deployment_statuses(fleet, records)
    if arguments.json:
        data = {
            "stack": settings.stack,
            "fleet": fleet.name,
            "simulated": settings.simulated,
            "rolled_out": bool(records),
            "machines": [_data(standing, now) for standing in machines],
            "deployments": [_data(standing, now) for standing in deployments],
        }
        json.dump(data, sys.stdout, indent=2)
        print()
        return 0
    from fediversity.cli.status_table import print_status  # noqa: PLC0415 (JSON needs none of it)

    switched_off = [name for name in fleet.machines if name not in fleet.enabled_machines]
    where = "simulated machines" if settings.simulated else "real machines"
    title = f"{settings.stack}, {where}: {_rolled_out(records, now)}"
    print_status(title, machines, deployments, switched_off, state_folder(settings.stack), now)
    return 0


def _rolled_out(records: Sequence[StepRecord], now: float) -> str:
    if not records:
        return "never rolled out from this checkout"
    return f"the last step ran {ago(now - max(record.ended_at or record.started_at for record in records))}"


def _data(standing: Status, now: float) -> dict[str, Any]:
    applied = standing.applied
    return {
        "name": standing.name,
        "machine": standing.on,
        "applied": {
            "fingerprint": applied.fingerprint,
            "system": applied.system,
            "outcome": applied.outcome,
            **_moment(applied.ended_at, now),
        }
        if applied
        else None,
        "health": {"state": standing.health, "seen_by": standing.seen_by, **_moment(standing.seen_at, now)},
        "drift": standing.drift,
        "notes": [_note(note, now) for note in standing.notes],
    }


def _note(note: StatusNote, now: float) -> dict[str, Any]:
    return {
        "kind": note.kind,
        "step": note.step,
        "why": note.why,
        "hint": note.hint,
        "log": note.log,
        **_moment(note.at, now),
    }


def _moment(at: float | None, now: float) -> dict[str, Any]:
    if at is None:
        return {"at": None, "age_seconds": None}
    return {"at": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"), "age_seconds": round(now - at, 1)}
