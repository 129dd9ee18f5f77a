"""`fediversity status`: prints the recorded status of every machine. Asks no machine and starts no Pulumi."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fediversity.cli.stack_argument import add_stack
from fediversity.cli.status_model import Status, StatusNote, deployment_statuses, machine_statuses
from fediversity.ledger.records import StepRecord
from fediversity.planning.stacks import ledger_of, open_stack
from fediversity.support.durations import ago

EXAMPLES = (
    "fediversity status production",
    "fediversity status dev --json",
)


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    add_stack(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Prints the status. Raises FleetError or SettingsError if there is no such fleet."""
    project, fleet = open_stack(arguments.stack)
    settings = project.settings
    ledger = ledger_of(project, fleet)
    records, now = ledger.records(), time.time()
    machines = machine_statuses(fleet, records, ledger.probes(), ledger.drifts())
    deployments = deployment_statuses(fleet, records)
    if arguments.json:
        data = {
            "stack": settings.stack,
            "fleet": fleet.name,
            "simulated": settings.simulated,
            "rolled_out": bool(records),
            "machines": [_data(status, now) for status in machines],
            "deployments": [_data(status, now) for status in deployments],
        }
        json.dump(data, sys.stdout, indent=2)
        print()
        return 0
    from fediversity.cli.status_table import print_status  # noqa: PLC0415 (JSON needs none of it)

    switched_off = [name for name in fleet.machines if name not in fleet.enabled_machines]
    where = "simulated machines" if settings.simulated else "real machines"
    title = f"{settings.stack}, {where}: {_rolled_out(records, now)}"
    print_status(title, machines, deployments, switched_off, Path(settings.site.state_dir), now)
    return 0


def _rolled_out(records: Sequence[StepRecord], now: float) -> str:
    if not records:
        return "never rolled out from this checkout"
    return f"the last step ran {ago(now - max(record.ended_at or record.started_at for record in records))}"


def _data(status: Status, now: float) -> dict[str, Any]:
    applied = status.applied
    return {
        "name": status.name,
        "machine": status.on,
        "applied": {
            "fingerprint": applied.fingerprint,
            "system": applied.system,
            "outcome": applied.outcome,
            **_moment(applied.ended_at, now),
        }
        if applied
        else None,
        "health": {"state": status.health, "seen_by": status.seen_by, **_moment(status.seen_at, now)},
        "drift": status.drift,
        "notes": [_note(note, now) for note in status.notes],
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
