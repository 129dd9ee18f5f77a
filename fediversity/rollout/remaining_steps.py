"""What is left to do of a plan, and what keeps it: pure functions over the ledger's records."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fediversity.ledger import history
from fediversity.ledger.records import ENDED_WELL, Outcome, Probe, StepRecord
from fediversity.planning.steps import Plan, Step

_GOES_ON: frozenset[Outcome] = ENDED_WELL | {"deferred"}
"""Outcomes with which the runner tells Pulumi to go on."""

FLEET = "fleet"
"""The name under which the steps stand that are done once for all machines."""


@dataclass(frozen=True)
class MachineProgress:
    """The steps of one machine: how many there are, how many are done, and what it is at.

    `running` are its steps at work, `last` is the newest of this rollout that has ended. `next` is the first step that
    is left to do, `waits_for` what must come before it, and `kept_by` the steps whose bad end keeps it from starting.
    """

    machine: str
    total: int
    done: int
    running: tuple[StepRecord, ...] = ()
    last: StepRecord | None = None
    next: str | None = None
    waits_for: tuple[str, ...] = ()
    kept_by: tuple[str, ...] = ()

    @property
    def touched(self) -> bool:
        """Whether this rollout has done anything on the machine."""
        return bool(self.running) or self.last is not None


def remaining_steps(
    plan: Plan,
    records: Iterable[StepRecord],
    drifts: Mapping[str, Probe],
    rotated: Mapping[str, float] | None = None,
) -> frozenset[str]:
    """The steps that are not done as the plan wants them, by all that is recorded.

    `drifts` are the newest looks that found machines drifted. `rotated` tells of machines whose vars are others now
    when that was seen (seconds since 1970). Pulumi may know more reasons to run a step.
    """
    since = {name: drift.at for name, drift in drifts.items()}
    since |= {name: max(at, since.get(name, 0.0)) for name, at in (rotated or {}).items()}
    newest = history.newest_of_each_step(records)
    servers = _servers(newest.values())
    return frozenset(step.name for step in plan if _is_left(step, newest.get(step.name), servers, since))


def machine_progress(
    plan: Plan, since: Sequence[StepRecord], left: Collection[str], machines: Iterable[str]
) -> tuple[MachineProgress, ...]:
    """How far each machine is, those first that are given first; `since` are the records of this rollout."""
    kept, waits = _kept_by(plan, since), _nearest_before(plan, left)
    by_machine: dict[str, list[Step]] = {name: [] for name in (FLEET, *machines)}
    for step in plan:
        by_machine.setdefault(step.machine or FLEET, []).append(step)
    return tuple(
        _chain(name, steps, [record for record in since if (record.machine or FLEET) == name], left, kept, waits)
        for name, steps in by_machine.items()
        if steps
    )


@dataclass(frozen=True)
class SkippedSteps:
    """Steps of one machine that did not run, and the steps whose bad end kept them (none: Pulumi's own errors)."""

    machine: str
    steps: tuple[str, ...]
    because_of: tuple[str, ...]


def skipped_steps(plan: Plan, since: Sequence[StepRecord], left: Collection[str]) -> tuple[SkippedSteps, ...]:
    """What is left to do and has not even run, by machine and by what kept it."""
    ran = {record.step for record in since}
    kept = _kept_by(plan, since)
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for step in plan:
        if step.name in left and step.name not in ran:
            groups.setdefault((step.machine or FLEET, kept[step.name]), []).append(step.name)
    return tuple(SkippedSteps(machine, tuple(steps), because) for (machine, because), steps in groups.items())


def _kept_by(plan: Plan, since: Sequence[StepRecord]) -> dict[str, tuple[str, ...]]:
    """For each step the ones before it that have ended badly in this rollout, and so keep it from starting."""
    newest = history.newest_of_each_step(since)
    return _nearest_before(
        plan, {name for name, record in newest.items() if record.outcome and record.outcome not in _GOES_ON}
    )


def _nearest_before(plan: Plan, marked: Collection[str]) -> dict[str, tuple[str, ...]]:
    """For each step the marked ones before it, however far, without those that lie behind another marked one."""
    found: dict[str, tuple[str, ...]] = {}
    for step in plan:
        before = ((name,) if name in marked else found[name] for name in step.after)
        found[step.name] = tuple(sorted({name for names in before for name in names}))
    return found


def _is_left(step: Step, record: StepRecord | None, servers: Mapping[str, str], since: Mapping[str, float]) -> bool:
    if record is None or not record.ended_well:
        return True
    if step.fingerprint is not None and record.fingerprint != step.fingerprint:
        return True
    if step.machine and record.server_id and record.server_id != servers[step.machine]:
        return True
    return step.kind == "update" and since.get(step.machine or "", 0.0) > (record.ended_at or 0)


def _servers(records: Iterable[StepRecord]) -> dict[str, str]:
    """The id of each machine's server as the newest step that knew it was told."""
    return {
        record.machine: record.server_id
        for record in sorted(records, key=lambda record: record.id)
        if record.machine and record.server_id
    }


def _chain(
    machine: str,
    steps: Sequence[Step],
    since: Sequence[StepRecord],
    left: Collection[str],
    kept: Mapping[str, tuple[str, ...]],
    waits: Mapping[str, tuple[str, ...]],
) -> MachineProgress:
    running = tuple(record for record in since if record.outcome is None)
    ended = [record for record in since if record.outcome is not None]
    at_work = {record.step for record in running}
    to_do = [step for step in steps if step.name in left]
    following = next((step for step in to_do if step.name not in at_work), None)
    return MachineProgress(
        machine=machine,
        total=len(steps),
        done=len(steps) - len(to_do),
        running=running,
        last=max(ended, key=lambda record: (record.ended_at or 0, record.id), default=None),
        next=following.name if following else None,
        waits_for=waits[following.name] if following else (),
        kept_by=kept[following.name] if following else (),
    )
