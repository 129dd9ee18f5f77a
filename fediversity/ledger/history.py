"""What the records of the ledger say of a machine: pure functions."""

from collections.abc import Iterable, Mapping, Sequence

from fediversity.ledger.records import ENDED_WELL, Probe, StepRecord

SWITCHES = frozenset({"update", "apply", "rollback"})
"""The kinds of steps that switch a machine to another system."""


def newest_of_each_step(records: Iterable[StepRecord]) -> Mapping[str, StepRecord]:
    """The newest run of each step, by the step's name."""
    return {record.step: record for record in sorted(records, key=lambda record: record.id)}


def of_machine(records: Iterable[StepRecord], machine: str) -> tuple[StepRecord, ...]:
    """The runs of a machine's steps, deployments on it included, in order."""
    return tuple(sorted((record for record in records if record.machine == machine), key=lambda record: record.id))


def last_good_update(runs: Iterable[StepRecord]) -> StepRecord | None:
    """The newest update that ended well, out of a machine's runs."""
    return _newest(run for run in runs if run.kind == "update" and run.ended_well)


def last_bad_end(runs: Iterable[StepRecord]) -> StepRecord | None:
    """Among the steps whose newest run did not end well, the run that ended last, out of a machine's runs.

    What ended badly and went well since is over; what was put off is no failure.
    """
    newest = newest_of_each_step(runs).values()
    return _newest(run for run in newest if run.outcome not in {None, "deferred", *ENDED_WELL})


def deferred_steps(runs: Iterable[StepRecord]) -> tuple[StepRecord, ...]:
    """The steps that the last rollout put off because their machine was not there, out of a machine's runs."""
    return tuple(run for run in newest_of_each_step(runs).values() if run.outcome == "deferred")


def should_run(runs: Iterable[StepRecord]) -> str | None:
    """The system that a machine was made to run last, out of its runs; None if nobody ever looked."""
    looked = (
        run for run in runs if run.kind in SWITCHES and run.system and run.outcome in {*ENDED_WELL, "rolled_back"}
    )
    newest = _newest(looked)
    return newest.system if newest else None


def rolled_back_by_hand(runs: Sequence[StepRecord]) -> StepRecord | None:
    """The rollback by hand after which nothing has switched the machine any more, out of its runs."""
    newest = _newest(run for run in runs if run.kind in SWITCHES and run.outcome is not None)
    return newest if newest is not None and newest.kind == "rollback" and newest.ended_well else None


def held(runs: Sequence[StepRecord], drift: Probe | None) -> StepRecord | None:
    """The rollback by hand that holds a machine: its update runs again when its configuration changes, not before.

    The engine believes that the update before it went well, so it sees no reason to run it again. Where that update
    had ended badly, or the newest look that found `drift` is younger, the next rollout updates the machine whatever
    anybody did in between.
    """
    rollback = rolled_back_by_hand(runs)
    before = [run for run in runs if rollback is not None and run.kind == "update" and run.id < rollback.id]
    if not before or not before[-1].ended_well:
        return None
    return None if drift is not None and drift.at > (before[-1].ended_at or 0) else rollback


def boots_before_install(runs: Iterable[StepRecord], server_id: str | None) -> frozenset[str]:
    """The boot ids that a server had before it was installed, out of its machine's runs."""
    return frozenset(run.boot for run in runs if run.kind == "install" and run.server_id == server_id and run.boot)


def boot_before_resize(runs: Sequence[StepRecord], server_id: str | None, size: str | None) -> str | None:
    """The newest boot id that a server had before the cloud switched it off to make it what it is now (`size`).

    Out of its machine's runs; None if it was not resized since it was unlocked last, or nobody read one.
    """
    own = [run for run in runs if run.server_id == server_id]
    unlocked = _newest(run for run in own if run.kind == "unlock" and run.ended_well and run.size)
    if unlocked is None or size in {None, unlocked.size}:
        return None
    newest = _newest(run for run in own if run.boot and run.id >= unlocked.id)
    return newest.boot if newest else None


def last_address(runs: Iterable[StepRecord]) -> str | None:
    """Where a machine was reached last, out of its runs."""
    newest = _newest(run for run in runs if run.address)
    return newest.address if newest else None


def _newest(runs: Iterable[StepRecord]) -> StepRecord | None:
    return max(runs, key=lambda run: run.id, default=None)
