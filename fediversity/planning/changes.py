"""What a rollout would change on each machine, for people."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from fediversity.ledger.records import StepRecord, update_step
from fediversity.nix_eval.cache import DIFFERENCES, EVALUATIONS, Cache, Evaluations
from fediversity.nix_eval.difference import Difference, Pair, differences
from fediversity.nix_eval.evaluate import Nix
from fediversity.nix_eval.workers import workers
from fediversity.planning import derivation_fingerprint
from fediversity.planning.stack_plan import StackPlan, rotation_reason

State = Literal["new", "unchanged", "changed", "unknown"]

SHOWN_LINES = 12
TITLE = "What changes on each machine"


@dataclass(frozen=True)
class Change:
    """What changes on one machine: `why` explains the state where it needs it, `lines` is the difference."""

    machine: str
    state: State
    why: str | None = None
    lines: tuple[str, ...] = ()


def changes(planned: StackPlan) -> tuple[Change, ...]:
    """What changes on each enabled machine, as far as it can be told."""
    records = planned.recorded.records
    runs = {name: derivation_fingerprint.switches(records, name) for name in planned.fleet.enabled_machines}
    compared = _differences(planned, runs)
    found = (_change(planned, name, runs[name], compared.get(name)) for name in planned.fleet.enabled_machines)
    return tuple(_with_vars(change, planned.rotated.get(change.machine)) for change in found)


def change_lines(planned: StackPlan, found: Sequence[Change]) -> list[str]:
    """What changes, as lines for a person, the reason why no systems can be compared among them, once."""
    lines = [f"{TITLE}:"]
    if planned.systems.without_nix:
        lines.append(f"  (by source files; systems cannot be compared: {planned.systems.without_nix})")
    width = max((len(change.machine) for change in found), default=0)
    for change in found:
        first, *more = (change.why or "").splitlines() or [""]
        lines.append(f"  {change.machine:<{width}}  {change.state}{f': {first}' if first else ''}")
        lines += [f"  {'':<{width}}    {line}" for line in (*more, *shortened(change.lines))]
    return lines


def shortened(lines: Sequence[str]) -> list[str]:
    """The first lines of a difference, and how many there are beyond."""
    left = len(lines) - SHOWN_LINES
    # A line that says that one more is left out would take the place of that line.
    return list(lines) if left <= 1 else [*lines[:SHOWN_LINES], f"… and {left} more"]


def _differences(planned: StackPlan, runs: Mapping[str, Sequence[StepRecord]]) -> dict[str, Difference]:
    """The differences of the machines that run another system than they shall."""
    seen = {name: derivation_fingerprint.running(runs[name]) for name in planned.systems.evaluated}
    others = {name: old for name, old in seen.items() if old and old != planned.systems.evaluated[name].output}
    nix = Nix.found(os.environ) if others else None
    if nix is None:
        return {}
    memory = Evaluations(Cache(EVALUATIONS))
    pairs = {
        name: Pair(old, system.output, memory.derivation_of(old), system.derivation)
        for name, old in others.items()
        for system in [planned.systems.evaluated[name]]
    }
    return differences(nix, pairs, at_once=workers(len(pairs), nix.environment), cache=Cache(DIFFERENCES))


def _with_vars(change: Change, rotated: Sequence[str] | None) -> Change:
    """The change of a machine whose secrets or vars are others now, too."""
    if not rotated:
        return change
    state: State = "changed" if change.state == "unchanged" else change.state
    return replace(change, state=state, why="; ".join(filter(None, (change.why, rotation_reason(rotated)))))


def _change(planned: StackPlan, name: str, runs: Sequence[StepRecord], compared: Difference | None) -> Change:
    failed = planned.systems.failed.get(name)
    last = derivation_fingerprint.last_update(runs)
    if failed is not None:
        return Change(name, "unknown", f"cannot be evaluated{' yet' if last is None else ''}: {failed}")
    if last is None:
        return Change(name, "new", "never rolled out from this checkout")
    if name in planned.servers.coming:
        return Change(name, "new", "it gets another server")
    runs_again = last.fingerprint != planned.plan.by_name[update_step(name)].fingerprint
    if compared is None:
        same_system = name in planned.systems.evaluated and derivation_fingerprint.running(runs) is not None
        why = "it runs this system already, but its update runs again" if same_system and runs_again else None
        return Change(name, "changed" if runs_again and not same_system else "unchanged", why)
    if compared.why_not:
        return Change(name, "changed", f"what differs cannot be told: {compared.why_not}")
    return Change(name, "changed", None if runs_again else "by what is deployed on it", compared.lines)
