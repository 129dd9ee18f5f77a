"""The status of each machine and each deployment of a fleet, from the ledger: pure functions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fediversity.fleet.model import Fleet
from fediversity.ledger import history
from fediversity.ledger.records import Probe, StepRecord
from fediversity.support.processes import is_alive

Health = Literal["well", "unwell", "unreachable", "unknown"]
_SHORT = 8
_LOOKED_AT = frozenset({"online", "update", "apply", "rollback"})
"""The kinds of steps that end well only on a healthy machine."""


@dataclass(frozen=True)
class StatusNote:
    """A note about a machine: its kind, since when, why, what to do, and the log to read."""

    kind: Literal["running", "waiting", "held", "deferred", "rolled back", "failed", "interrupted", "unwell", "drifted"]
    at: float
    why: str
    step: str | None = None
    hint: str | None = None
    log: str | None = None


@dataclass(frozen=True)
class Status:
    """The status of a machine or a deployment.

    `applied` is its newest update (or apply) that ended well. `health` was seen at `seen_at` by `seen_by`: a probe
    ("a look") or a step. `drift` is None if there was no probe since the last update.
    """

    name: str
    on: str
    applied: StepRecord | None
    health: Health = "unknown"
    seen_at: float | None = None
    seen_by: Literal["a look", "a step"] | None = None
    drift: bool | None = None
    notes: tuple[StatusNote, ...] = ()

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint of the last update, shortened for a table."""
        whole = self.applied.fingerprint if self.applied else None
        return whole.rpartition(":")[2][:_SHORT] if whole else None


def machine_statuses(
    fleet: Fleet,
    records: Sequence[StepRecord],
    probes: Mapping[str, Probe],
    drifts: Mapping[str, Probe],
    alive: Callable[[int], bool] = is_alive,
) -> tuple[Status, ...]:
    """Returns the status of every enabled machine, in the order of the fleet file.

    `probes` are the newest probes of the machines, `drifts` the newest that found drift.
    """
    return tuple(
        _machine(history.of_machine(records, name), probes.get(name), alive, name, drifts.get(name))
        for name in fleet.enabled_machines
    )


def deployment_statuses(
    fleet: Fleet, records: Sequence[StepRecord], alive: Callable[[int], bool] = is_alive
) -> tuple[Status, ...]:
    """Returns the status of every deployment on an enabled machine."""
    return tuple(
        _deployment(name, fleet.deployments[name].machine, records, alive) for name in fleet.placed_deployments
    )


def busy(records: Iterable[StepRecord], machine: str, alive: Callable[[int], bool] = is_alive) -> bool:
    """Whether a step is at work on a machine right now."""
    runs = history.of_machine(records, machine)
    return any(run.outcome is None and alive(run.pid) for run in history.newest_of_each_step(runs).values())


def _machine(
    runs: Sequence[StepRecord], probe: Probe | None, alive: Callable[[int], bool], name: str, drifted: Probe | None
) -> Status:
    applied = history.last_good_update(runs)
    own = [run for run in runs if run.kind != "apply"]
    switched = max((_ended(run) for run in runs if run.kind in history.SWITCHES), default=0.0)
    looked = probe if probe is not None and probe.at >= switched else None
    notes = [*_failures(own, applied, alive), *_deferred(own), *_rolled_back(runs, drifted)]
    if looked is None:
        step = max((run for run in runs if run.kind in _LOOKED_AT and run.ended_well), key=_ended, default=None)
        known = step is not None and not any(_ended(run) > _ended(step) and run.kind in _LOOKED_AT for run in runs)
        if step is None or not known:
            return Status(name, name, applied, notes=tuple(notes))
        return Status(name, name, applied, "well", step.ended_at, "a step", notes=tuple(notes))
    health: Health = "well" if looked.healthy else ("unwell" if looked.reachable else "unreachable")
    if not looked.healthy:
        notes.append(StatusNote("unwell", looked.at, looked.detail))
    if looked.drift:
        notes.append(StatusNote("drifted", looked.at, looked.detail if looked.healthy else "see above"))
    drift = looked.drift if looked.system else None
    return Status(name, name, applied, health, looked.at, "a look", drift, tuple(notes))


def _deployment(name: str, machine: str, records: Sequence[StepRecord], alive: Callable[[int], bool]) -> Status:
    runs = [run for run in history.of_machine(records, machine) if run.step == f"{name}-apply"]
    applied = max((run for run in runs if run.ended_well), key=lambda run: run.id, default=None)
    return Status(name, machine, applied, notes=(*_failures(runs, applied, alive), *_deferred(runs)))


def _failures(
    runs: Sequence[StepRecord], applied: StepRecord | None, alive: Callable[[int], bool]
) -> Iterable[StatusNote]:
    for run in history.newest_of_each_step(runs).values():
        if run.outcome is None and alive(run.pid):
            why = "its turn has not come, or its machine has not answered" if run.waiting else "it is at work now"
            yield StatusNote("waiting" if run.waiting else "running", run.started_at, why, run.step, log=run.log)
    bad = history.last_bad_end(runs)
    broken = [run for run in history.newest_of_each_step(runs).values() if run.outcome is None and not alive(run.pid)]
    for run in broken:
        why = "its runner is gone, so its result is not known; the next rollout does it again"
        yield StatusNote("interrupted", run.started_at, why, run.step, log=run.log)
    if bad is not None and (applied is None or bad.id > applied.id):
        kind: Literal["rolled back", "failed", "interrupted"] = (
            "rolled back"
            if bad.outcome == "rolled_back"
            else "interrupted"
            if bad.outcome == "interrupted"
            else "failed"
        )
        yield StatusNote(kind, _ended(bad), _first(bad.reason), bad.step, bad.hint, bad.log)


def _deferred(runs: Sequence[StepRecord]) -> Iterable[StatusNote]:
    for run in history.deferred_steps(runs):
        yield StatusNote("deferred", _ended(run), f"{_first(run.reason)}; the next rollout does it", run.step)


def _rolled_back(runs: Sequence[StepRecord], drifted: Probe | None) -> Iterable[StatusNote]:
    rollback = history.rolled_back_by_hand(runs)
    if rollback is None:
        return
    if history.held(runs, drifted) is not None:
        after = "its update runs again when its configuration changes"
        yield StatusNote(
            "held", _ended(rollback), f"{_first(rollback.reason)}; {after}", rollback.step, log=rollback.log
        )
    else:
        after = "the next rollout updates it again"
        yield StatusNote("rolled back", _ended(rollback), f"{_first(rollback.reason)}; {after}", rollback.step)


def _ended(run: StepRecord) -> float:
    return run.ended_at or run.started_at


def _first(text: str | None) -> str:
    return (text or "no reason was recorded").splitlines()[0].rstrip(":")
