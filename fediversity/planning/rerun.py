"""Which steps have to run again although nothing about them has changed: a pure function of what the ledger holds.

Pulumi runs a step again when what it was declared with changes. So a step that did not end well, or was put off
with a good exit status, is declared with the number of that ending: Pulumi sees a change, once, runs the step, and
remembers the number. After a good ending nothing changes until the next bad one.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Protocol

from fediversity.ledger.records import ENDED_WELL, update_step

_NEVER = frozenset({"install", "unlock"})
"""Kinds that Pulumi repeats by itself when they fail, and that are never put off. Above all, nothing in the ledger
may make a server be erased again."""

_DIGITS = 12
_SWITCHED_BY_HAND = "rollback"


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


class AppliedVars(Protocol):
    """The vars that a machine's last good update brought it, as the ledger has it."""

    @property
    def machine(self) -> str: ...
    @property
    def at(self) -> float: ...
    @property
    def mark(self) -> int | None: ...


def rerun_numbers(
    runs: Iterable[Run],
    drifts: Iterable[Drift] = (),
    given: Iterable[AppliedVars] = (),
    rotated: Mapping[str, str] | None = None,
) -> Mapping[str, int]:
    """For each step that has ever ended in another way than well, the number of its newest such run.

    A run without an end counts: its runner is gone, because two rollouts of a stack never run at once, and the next run
    of the step closes it under the same number. For an update, a newer look that found drift counts, below zero.

    `rotated` has, by machine, a hash of those vars that are others now than its last update brought it. They make a
    number of their own, together with the one before, so that an update that was put off is tried again. `given` are
    those last updates: each goes on under the number it was declared with, until there is a newer reason.
    """
    newest: dict[str, tuple[float, int]] = {}
    for run in runs:
        if run.outcome not in ENDED_WELL and run.kind not in _NEVER | {_SWITCHED_BY_HAND}:
            newest[run.step] = max(newest.get(run.step, (0.0, 0)), (run.started_at, run.id))
    for drift in drifts:
        step = update_step(drift.machine)
        newest[step] = max(newest.get(step, (0.0, 0)), (drift.at, -drift.id))
    for last in given:
        if last.mark is not None:
            step = update_step(last.machine)
            newest[step] = max(newest.get(step, (0.0, 0)), (last.at, last.mark))
    numbers = {step: number for step, (_, number) in newest.items()}
    for machine, digest in (rotated or {}).items():
        step = update_step(machine)
        numbers[step] = int(hashlib.sha256(f"{numbers.get(step, 0)} {digest}".encode()).hexdigest()[:_DIGITS], 16)
    return numbers
