"""The events of a rollout, computed from two snapshots of the ledger."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from fediversity.ledger.records import StepRecord
from fediversity.rollout.remaining_steps import FLEET
from fediversity.support.durations import ago, took
from fediversity.support.layout import stack_path

Happening = Literal["begun", "started", "turn", "ended", "finished"]
"""`begun` and `finished` are the rollout; a step `started`, got its `turn` after waiting for a slot, and `ended`."""


@dataclass(frozen=True)
class Event:
    """An event at the time `at` (seconds since 1970). Without a record it is about the rollout as a whole."""

    at: float
    what: Happening
    record: StepRecord | None = None
    outcome: str | None = None


def events(before: Sequence[StepRecord], now: Sequence[StepRecord]) -> tuple[Event, ...]:
    """Returns the events between two snapshots of the ledger, in order."""
    known = {record.id: record for record in before}
    found = [event for record in now for event in _of(known.get(record.id), record)]
    return tuple(sorted(found, key=lambda event: event.at))


def line(event: Event) -> str:
    """Formats an event for people: `12:03:04 cinnabar install ended applied in 3.2 s`."""
    clock = datetime.fromtimestamp(event.at).astimezone().strftime("%H:%M:%S")
    record = event.record
    if record is None:
        return f"{clock} rollout {event.what}{f' {event.outcome}' if event.outcome else ''}"
    on = f" (on {record.machine})" if record.machine and record.machine != record.subject else ""
    step = f"{clock} {record.subject} {record.kind}{on}"
    if event.what == "turn":
        return f"{step} has its turn after {took(record.started_at - record.queued_at)}"
    if event.what != "ended":
        return f"{step} {event.what}"
    ended = f"{step} ended {record.outcome} in {took((record.ended_at or 0) - record.started_at)}"
    return ended if record.ended_well else f"{ended}: {first_line(record)}"


def still(records: Sequence[StepRecord], now: float, last_output: Callable[[StepRecord], float | None]) -> list[str]:
    """Returns a line for each running step: for how long it runs, and when its tool last printed something."""
    clock = datetime.fromtimestamp(now).astimezone().strftime("%H:%M:%S")
    lines = []
    for record in records:
        if record.outcome is not None:
            continue
        if record.waiting:
            under_way = f"still waits for its turn, for {took(now - record.queued_at)}"
        else:
            printed = last_output(record)
            last = "" if printed is None else f", its last output {ago(now - printed)}"
            under_way = f"still at work, for {took(now - record.started_at)}{last}"
        lines.append(f"{clock} {record.subject} {record.kind} {under_way}")
    return lines


def json_line(event: Event, stack: str) -> str:
    """Formats an event as a line of JSON. `time` is UTC; `log` is relative to the checkout."""
    record = event.record
    data: dict[str, Any] = {
        "time": datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "machine": None,
        "step": None,
        "event": event.what,
        "outcome": event.outcome,
        "reason": None,
        "log": None,
    }
    if record is not None:
        data |= {"machine": record.machine or FLEET, "step": record.step}
        data["log"] = stack_path(stack, record.log) if record.log else None
        if event.what == "ended":
            data |= {"outcome": record.outcome, "reason": record.reason}
    return json.dumps(data)


def first_line(record: StepRecord) -> str:
    """Returns the first line of why a step ended so. The other lines are the end of the tool's output."""
    return (record.reason or "no reason was recorded").splitlines()[0].rstrip(":")


def _of(before: StepRecord | None, record: StepRecord) -> Iterator[Event]:
    if before is None:
        yield Event(record.queued_at, "started", record)
    waited = record.started_at > record.queued_at
    if waited and not (before is not None and before.started_at > before.queued_at):
        yield Event(record.started_at, "turn", record)
    if record.outcome is not None and (before is None or before.outcome is None):
        yield Event(record.ended_at or record.started_at, "ended", record)
