"""Fingerprints of machines whose system is known: the derivation, and when the one applied last still holds."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from fediversity.ledger.records import ENDED_WELL, StepRecord
from fediversity.nix_eval.evaluate import System

PREFIX = "derivation:"
"""What such a fingerprint begins with; one that is made from source files is a hash and nothing else."""


def of_derivation(system: System, deployments: Mapping[str, str]) -> str:
    """The fingerprint of a machine: what lies below the applications deployed on it, and which these are.

    `deployments` gives the application of each. What it is asked to be is not in the fingerprint: that is for its own
    step. That it is gone is, because only an update of the machine takes the application down.
    """
    content = {"derivation": system.below, "deployments": dict(deployments)}
    return PREFIX + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def switches(records: Iterable[StepRecord], machine: str) -> tuple[StepRecord, ...]:
    """The runs of the steps that switch a machine to another system, in order."""
    return tuple(record for record in records if record.machine == machine and record.kind in {"update", "apply"})


def last_update(runs: Sequence[StepRecord]) -> StepRecord | None:
    """The newest update of a machine that ended well, out of its switches."""
    return max(
        (run for run in runs if run.kind == "update" and run.outcome in ENDED_WELL),
        key=lambda run: run.id,
        default=None,
    )


def running(runs: Sequence[StepRecord]) -> str | None:
    """The system that a machine was last seen to run, out of its switches."""
    return next((run.system for run in reversed(runs) if run.outcome in ENDED_WELL and run.system), None)


def current(
    runs: Sequence[StepRecord], system: System, deployments: Mapping[str, str], means: Mapping[str, str]
) -> tuple[str, str]:
    """The fingerprint of a machine as it is now, and what it means: the fingerprint of the derivation.

    The first is another one for a machine whose update would change nothing. `means` tells what was found out about
    such fingerprints before, because what is deployed on the machine may have been asked to be something else since.
    """
    meant = of_derivation(system, deployments)
    kept = applied(runs, system, deployments)
    if kept is None:
        update = _newest_update(runs)
        kept = update.fingerprint if update else None
        kept = kept if kept and means.get(kept) == meant else None
    return kept or meant, meant


def deployed(
    records: Sequence[StepRecord], evaluated: Mapping[str, System], rendered: Mapping[str, Any]
) -> dict[str, str]:
    """The fingerprints that deployments were applied with, by their step, where applying them again changes nothing.

    A machine's system contains what its deployments are asked to be: where it runs what was evaluated, all are.
    """
    kept = {}
    for name, request in rendered["deployments"].items():
        runs = switches(records, request["machine"])
        system = evaluated.get(request["machine"])
        if system and runs and runs[-1].outcome in ENDED_WELL and runs[-1].system == system.output:
            step = f"{name}-apply"
            ours = [run.fingerprint for run in runs if run.step == step and run.outcome in ENDED_WELL]
            if ours and ours[-1]:
                kept[step] = ours[-1]
    return kept


def _newest_update(runs: Sequence[StepRecord]) -> StepRecord | None:
    """The newest update of a machine if it ended well: after another nobody knows what it runs."""
    updates = [run for run in runs if run.kind == "update"]
    return updates[-1] if updates and updates[-1].outcome in ENDED_WELL else None


def applied(runs: Sequence[StepRecord], system: System, deployments: Collection[str]) -> str | None:
    """The fingerprint that a machine's update was last run with, if running it again would change nothing; else None.

    A machine's first update often has another fingerprint than its next: before it the machine could not be evaluated,
    because its vars were not generated, or its hardware was not known. So what counts is the system that it then ran.
    """
    update = _newest_update(runs)
    if update is None:
        return None
    newest = runs[-1]
    if newest.outcome in ENDED_WELL and newest.system == system.output:
        return update.fingerprint
    # The deployments since then have put their own system on top. As long as they are wanted, what is below them holds.
    on_top = [run for run in runs if run.id > update.id]
    wanted = {f"{deployment}-apply" for deployment in deployments}
    if update.system == system.output and all(run.step in wanted for run in on_top):
        return update.fingerprint
    return None
