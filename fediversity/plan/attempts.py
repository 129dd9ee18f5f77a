"""Which steps have to run again although nothing about them has changed: a pure function of what the ledger holds.

The engine runs a step again when what it was declared with changes. So a step that did not end well, or was put off
with a good exit status, is declared with the number of that ending: the engine sees a change, once, runs the step, and
remembers the number. After a good ending nothing changes until the next bad one.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

_NEVER = frozenset({"install", "unlock"})
"""Kinds that the engine repeats by itself when they fail, and that are never put off. Above all, nothing in the ledger
may make a server be erased again."""

_SWITCHED_BY_HAND = "rollback"
_WELL = frozenset({"applied", "unchanged"})


class Run(Protocol):
    """A run of a step, as the ledger has it."""

    @property
    def id(self) -> int: ...
    @property
    def step(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def started_at(self) -> float: ...
    @property
    def outcome(self) -> str | None: ...


class Drift(Protocol):
    """A look at a machine that found it drifted, as the ledger has it."""

    @property
    def id(self) -> int: ...
    @property
    def machine(self) -> str: ...
    @property
    def at(self) -> float: ...


def attempts(runs: Iterable[Run], drifts: Iterable[Drift] = ()) -> Mapping[str, int]:
    """For each step that has ever ended in another way than well, the number of its newest such run.

    A run without an end counts: its runner is gone, because two rollouts of a stack never run at once, and the next run
    of the step closes it under the same number. For an update, a newer look that found drift counts, below zero.
    """
    newest: dict[str, tuple[float, int]] = {}
    for run in runs:
        if run.outcome not in _WELL and run.kind not in _NEVER | {_SWITCHED_BY_HAND}:
            newest[run.step] = max(newest.get(run.step, (0.0, 0)), (run.started_at, run.id))
    for drift in drifts:
        step = f"{drift.machine}-update"
        newest[step] = max(newest.get(step, (0.0, 0)), (drift.at, -drift.id))
    return {step: number for step, (_, number) in newest.items()}
