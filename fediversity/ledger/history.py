"""The history of a machine, from the records of the ledger: pure functions."""

from collections.abc import Iterable, Mapping, Sequence

from fediversity.ledger.records import ENDED_WELL, Probe, StepRecord

SWITCHES = frozenset({"update", "apply", "rollback"})
"""The kinds of steps that switch a machine to another system."""


def newest_of_each_step(records: Iterable[StepRecord]) -> Mapping[str, StepRecord]:
    """Returns the newest run of each step by the step's name."""
    return {record.step: record for record in sorted(records, key=lambda record: record.id)}


def of_machine(records: Iterable[StepRecord], machine: str) -> tuple[StepRecord, ...]:
    """Returns the runs of a machine's steps, including its deployments, in order."""
    return tuple(sorted((record for record in records if record.machine == machine), key=lambda record: record.id))


def last_good_update(runs: Iterable[StepRecord]) -> StepRecord | None:
    """Returns the newest update that ended well from a machine's runs."""
    return _newest(run for run in runs if run.kind == "update" and run.ended_well)


def last_bad_end(runs: Iterable[StepRecord]) -> StepRecord | None:
    """Returns the newest failure among the newest runs of a machine's steps.

    A step that failed and has succeeded since does not count, nor does a deferred one.
    """
    newest = newest_of_each_step(runs).values()
    return _newest(run for run in newest if run.outcome not in {None, "deferred", *ENDED_WELL})


def deferred_steps(runs: Iterable[StepRecord]) -> tuple[StepRecord, ...]:
    """Returns the steps that the last rollout deferred because the machine was away, from a machine's runs."""
    return tuple(run for run in newest_of_each_step(runs).values() if run.outcome == "deferred")


def should_run(runs: Iterable[StepRecord]) -> str | None:
    """Returns the system that a machine was last switched to, from its runs; None if no step ever looked."""
    looked = (
        run for run in runs if run.kind in SWITCHES and run.system and run.outcome in {*ENDED_WELL, "rolled_back"}
    )
    newest = _newest(looked)
    return newest.system if newest else None


def rolled_back_by_hand(runs: Sequence[StepRecord]) -> StepRecord | None:
    """Returns the manual rollback that was the machine's last switch, from its runs."""
    newest = _newest(run for run in runs if run.kind in SWITCHES and run.outcome is not None)
    return newest if newest is not None and newest.kind == "rollback" and newest.ended_well else None


def held(runs: Sequence[StepRecord], drift: Probe | None) -> StepRecord | None:
    """Returns the manual rollback that holds a machine: its update runs again only when its configuration changes.

    Pulumi takes the update before it for applied, so it sees no reason to run it again. If that update had failed, or
    the newest probe that found `drift` is younger, the next rollout updates the machine in any case.
    """
    rollback = rolled_back_by_hand(runs)
    before = [run for run in runs if rollback is not None and run.kind == "update" and run.id < rollback.id]
    if not before or not before[-1].ended_well:
        return None
    return None if drift is not None and drift.at > (before[-1].ended_at or 0) else rollback


def boots_before_install(runs: Iterable[StepRecord], server_id: str | None) -> frozenset[str]:
    """Returns the boot ids that a server had before its install, from its machine's runs."""
    return frozenset(run.boot for run in runs if run.kind == "install" and run.server_id == server_id and run.boot)


def boot_before_resize(runs: Sequence[StepRecord], server_id: str | None, size: str | None) -> str | None:
    """Returns the newest boot id that a server had before the cloud switched it off to resize it to `size`.

    Reads its machine's runs. None if it was not resized since it was last unlocked, or no step read a boot id.
    """
    own = [run for run in runs if run.server_id == server_id]
    unlocked = _newest(run for run in own if run.kind == "unlock" and run.ended_well and run.size)
    if unlocked is None or size in {None, unlocked.size}:
        return None
    newest = _newest(run for run in own if run.boot and run.id >= unlocked.id)
    return newest.boot if newest else None


def last_address(runs: Iterable[StepRecord]) -> str | None:
    """Returns the address at which a machine was last reached, from its runs."""
    newest = _newest(run for run in runs if run.address)
    return newest.address if newest else None


def _newest(runs: Iterable[StepRecord]) -> StepRecord | None:
    return max(runs, key=lambda run: run.id, default=None)
