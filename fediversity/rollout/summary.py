"""Summarizes what a rollout did, step by step, from the ledger."""

from collections.abc import Collection, Container, Sequence

from fediversity.ledger.records import Outcome, StepRecord
from fediversity.planning.critical_path import critical_path
from fediversity.planning.steps import Plan
from fediversity.project.settings import Settings
from fediversity.rollout.events import first_line
from fediversity.rollout.pending_operations import Deployment
from fediversity.rollout.remaining_steps import SkippedSteps, skipped_steps
from fediversity.support.durations import took
from fediversity.support.layout import stack_path

_SECTIONS: tuple[tuple[Outcome | None, str], ...] = (
    ("deferred", "Put off, and done by the next `up` without being asked:"),
    ("rolled_back", "Taken back, so the machine runs what it ran before:"),
    ("failed", "Failed:"),
    ("interrupted", "Interrupted, and done again by the next `up`:"),
    (None, "Not ended, its runner is gone; done again by the next `up`:"),
)


def steps_taken_away(planned: Container[str], deployment: Deployment) -> tuple[str, ...]:
    """Returns the steps that the state has and the plan no longer has, which Pulumi will delete."""
    commands = (item for item in deployment.get("resources") or () if item["type"] == "command:local:Command")
    names = dict.fromkeys(item["urn"].rsplit("::", 1)[-1] for item in commands)
    return tuple(name for name in names if name not in planned)


def rollout_lines(
    settings: Settings, plan: Plan, records: Sequence[StepRecord], left: Collection[str], *, ended_well: bool
) -> list[str]:
    """Returns the report after a rollout: a line for each step, what did not end well and why, and the time it took.

    `left` are the steps that are not done. A rollout that ended well does not list them: Pulumi saw no reason to run
    them.
    """
    lines = step_lines([record for record in records if record.ended_well])
    for outcome, title in _SECTIONS:
        lines += _bad_lines(settings.stack, title, [record for record in records if record.outcome == outcome])
    if not ended_well:
        lines += skipped_lines(skipped_steps(plan, records, left))
    if records:
        return [*lines, time_line(settings, plan, records)]
    return [*lines, "no step had to run: every machine is as it was" if ended_well else "no step has run"]


def step_lines(records: Sequence[StepRecord]) -> list[str]:
    """Returns a line for each step that ended well, in the order in which they started."""
    width = max((len(record.step) for record in records), default=0)
    return [
        f"  {record.step:<{width}}  {_seconds(record):>7}  {record.outcome}: {first_line(record)}"
        for record in sorted(records, key=lambda record: record.id)
    ]


def skipped_lines(groups: Sequence[SkippedSteps]) -> list[str]:
    """Returns the steps that were not done because of others that did not end well."""
    lines = ["Not done because of that:"] if groups else []
    for group in groups:
        prefix = f"{group.machine}-"
        steps = ", ".join(name.removeprefix(prefix) for name in group.steps)
        why = f"needs {', '.join(group.because_of)}" if group.because_of else "Pulumi did not get there"
        lines.append(f"  {group.machine}: {steps} ({why})")
    return lines


def time_line(settings: Settings, plan: Plan, records: Sequence[StepRecord]) -> str:
    """Returns the duration of the rollout, with the longest chain of steps that had to wait for each other."""
    ran = {record.step: record.ended_at - record.started_at for record in records if record.ended_at}
    path = critical_path(plan, ran)
    makespan = max(record.ended_at or record.started_at for record in records) - records[0].queued_at
    where = " on simulated machines" if settings.simulated else ""
    together = f"{len(records)} step{'' if len(records) == 1 else 's'}{where} in {took(makespan)}"
    if len(path.steps) < 2:
        return together
    return f"{together}; the longest chain of them takes {took(path.seconds)}: {' → '.join(path.steps)}"


def _bad_lines(stack: str, title: str, records: Sequence[StepRecord]) -> list[str]:
    lines = [title] if records else []
    for record in records:
        first, *more = (record.reason or "no reason was recorded").splitlines() or [""]
        lines.append(f"  {record.step}{f' after {_seconds(record)}' if record.ended_at else ''}: {first}")
        lines += [f"  {line}" for line in more]
        if record.hint:
            lines.append(f"    what to do: {record.hint}")
        if record.log:
            lines.append(f"    log: {stack_path(stack, record.log)}")
    return lines


def _seconds(record: StepRecord) -> str:
    return "" if record.ended_at is None else took(record.ended_at - record.started_at)
