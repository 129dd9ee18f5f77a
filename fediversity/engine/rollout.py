"""What a rollout did, step by step, out of the ledger."""

from collections.abc import Container, Sequence
from pathlib import Path

from fediversity.engine.pending import Deployment
from fediversity.ledger.records import ENDED_WELL, StepRecord
from fediversity.ledger.sqlite import Ledger
from fediversity.plan.critical import critical_path
from fediversity.plan.settings import Settings
from fediversity.plan.steps import Plan


def steps_since(root: Path, stack: str, since: float) -> tuple[StepRecord, ...]:
    """The steps that a rollout begun at `since` (seconds since 1970) has run, in the order they started."""
    records = Ledger(root / ".fediversity" / stack / "ledger.sqlite").records()
    return tuple(record for record in records if record.queued_at >= since)


def steps_taken_away(planned: Container[str], deployment: Deployment) -> tuple[str, ...]:
    """The steps that the state has and the plan no longer has, so that the engine will delete them."""
    commands = (item for item in deployment.get("resources") or () if item["type"] == "command:local:Command")
    names = dict.fromkeys(item["urn"].rsplit("::", 1)[-1] for item in commands)
    return tuple(name for name in names if name not in planned)


def rollout_lines(settings: Settings, plan: Plan, records: Sequence[StepRecord], *, ended_well: bool) -> list[str]:
    """What a person reads after a rollout: a line a step, and how long they took together."""
    if records:
        return [*step_lines(settings.stack, records), time_line(settings, plan, records)]
    return ["no step had to run: every machine is as it was" if ended_well else "no step has run: see the errors above"]


def step_lines(stack: str, records: Sequence[StepRecord]) -> list[str]:
    """A line a step in the order they started, those that did not end well last, with the place of their logs."""
    width = max(len(record.step) for record in records)
    lines = []
    for record in sorted(records, key=lambda record: (record.outcome not in ENDED_WELL, record.id)):
        reason = (record.reason or "has not ended").splitlines()[0]
        lines.append(f"  {record.step:<{width}}  {_seconds(record):>7}  {record.outcome or 'running'}: {reason}")
        if record.outcome not in ENDED_WELL:
            lines.append(f"  {'':<{width}}           log: .fediversity/{stack}/{record.log}")
    return lines


def time_line(settings: Settings, plan: Plan, records: Sequence[StepRecord]) -> str:
    """How long the steps took together, beside the longest chain of steps that had to wait for each other."""
    took = {record.step: record.ended_at - record.started_at for record in records if record.ended_at}
    path = critical_path(plan, took)
    makespan = max(record.ended_at or record.started_at for record in records) - records[0].queued_at
    where = " on simulated machines" if settings.simulated else ""
    together = f"{len(records)} step{'' if len(records) == 1 else 's'}{where} in {makespan:.1f} s"
    if len(path.steps) < 2:
        return together
    return f"{together}; the longest chain of them takes {path.seconds:.1f} s: {' → '.join(path.steps)}"


def _seconds(record: StepRecord) -> str:
    return "" if record.ended_at is None else f"{record.ended_at - record.started_at:.1f} s"
