"""What a rollout did, step by step, out of the ledger."""

from collections.abc import Sequence
from pathlib import Path

from fediversity.ledger.records import ENDED_WELL, StepRecord
from fediversity.ledger.sqlite import Ledger


def steps_since(root: Path, stack: str, since: float) -> tuple[StepRecord, ...]:
    """The steps that a rollout begun at `since` (seconds since 1970) has run, in the order they started."""
    records = Ledger(root / ".fediversity" / stack / "ledger.sqlite").records()
    return tuple(record for record in records if record.queued_at >= since)


def step_lines(records: Sequence[StepRecord]) -> list[str]:
    """A line a step, failures last with the place of their logs; empty if no step ran."""
    well = [record for record in records if record.outcome in ENDED_WELL]
    others = [record for record in records if record.outcome not in ENDED_WELL]
    width = max((len(record.step) for record in records), default=0)
    lines = [f"  {record.step:<{width}}  {_seconds(record):>7}  {record.outcome}: {record.reason}" for record in well]
    for record in others:
        reason = (record.reason or "did not end").splitlines()[0]
        lines.append(f"  {record.step:<{width}}  {_seconds(record):>7}  {record.outcome or 'running'}: {reason}")
        lines.append(f"  {'':<{width}}           log: .fediversity/*/{record.log}")
    return lines


def time_line(stack: str, records: Sequence[StepRecord]) -> str:
    """How long the steps took together, beside the longest chain of steps that had to wait for each other."""
    from fediversity.cli.stack import open_stack  # noqa: PLC0415 (the fleet is read only when steps have run)
    from fediversity.plan.build import make_plan  # noqa: PLC0415
    from fediversity.plan.critical import critical_path  # noqa: PLC0415

    settings, fleet = open_stack(stack)
    plan = make_plan(fleet, dict.fromkeys(fleet.enabled_machines, ""), settings.site)
    took = {record.step: record.ended_at - record.started_at for record in records if record.ended_at}
    path = critical_path(plan, took)
    makespan = max(record.ended_at or record.started_at for record in records) - records[0].queued_at
    return (
        f"{len(records)} steps in {makespan:.1f} s; the longest chain of them takes {path.seconds:.1f} s: "
        + " → ".join(path.steps)
    )


def _seconds(record: StepRecord) -> str:
    return "" if record.ended_at is None else f"{record.ended_at - record.started_at:.1f} s"
