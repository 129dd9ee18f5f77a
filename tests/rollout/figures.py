"""How long a rollout took, how long it had to take, and how much ran at once: out of its plan and its ledger."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fediversity.ledger.records import StepRecord
from fediversity.planning.critical_path import CriticalPath, critical_path
from fediversity.planning.steps import Plan

HANDED_ON = 0.25
"""For so long, in seconds, two turns may overlap by the ledger: a step gives its turn on before its end is written."""

_CLASSES = {"install": "installs", "update": "updates", "apply": "updates"}


@dataclass(frozen=True)
class Span:
    """The turn of one step: from when it had it until its end was recorded, in seconds since 1970."""

    step: str
    begin: float
    end: float


@dataclass(frozen=True)
class Cap:
    """A cap and how it was kept. `most` steps ran at once; `handed_on` is the longest overlap beyond the cap, in s.

    `busy` is the time of all its turns together.
    """

    name: str
    allowed: int
    most: int
    handed_on: float
    busy: float

    @property
    def held(self) -> bool:
        return self.handed_on <= HANDED_ON

    @property
    def least_seconds(self) -> float:
        """What its steps take at least, if its slots are never empty."""
        return self.busy / self.allowed


@dataclass(frozen=True)
class Figures:
    """A rollout from its first step's start to its last step's end, in seconds.

    `path` is the longest chain of steps by their own times, which no rollout can be faster than; `caps` are the others
    that it cannot be faster than.
    """

    steps: int
    makespan: float
    path: CriticalPath
    caps: tuple[Cap, ...]

    @property
    def floor(self) -> float:
        """What the rollout takes at least: its critical path, or the time of a cap's steps, whichever is longer."""
        return max(self.path.seconds, *(cap.least_seconds for cap in self.caps))


def figures(
    plan: Plan, records: Sequence[StepRecord], limits: Mapping[str, object], kinds: Mapping[str, str]
) -> Figures:
    """The figures of a rollout of which `records` are all steps. `kinds` are the machines' kinds of provider."""
    own = {record.step: (record.ended_at or record.started_at) - record.started_at for record in records}
    makespan = max(record.ended_at or 0 for record in records) - min(record.queued_at for record in records)
    return Figures(len(records), makespan, critical_path(plan, own), tuple(_caps(records, limits, kinds)))


def most_at_once(spans: Iterable[Span]) -> int:
    """How many turns overlapped at most, those that only hand on left out."""
    edges = [edge for span in spans for edge in ((span.begin, 1), (max(span.begin, span.end - HANDED_ON), -1))]
    most = now = 0
    for _, change in sorted(edges):
        now += change
        most = max(most, now)
    return most


def longest_beyond(spans: Iterable[Span], allowed: int) -> float:
    """For how long at a stretch more than `allowed` turns overlapped."""
    edges = [edge for span in spans for edge in ((span.begin, 1), (span.end, -1))]
    edges.sort(key=lambda edge: (edge[0], -edge[1]))  # One that takes over in the same moment is no pause.
    longest, now, since = 0.0, 0, None
    for at, change in edges:
        now += change
        if now > allowed and since is None:
            since = at
        elif now <= allowed and since is not None:
            longest, since = max(longest, at - since), None
    return longest


def _caps(records: Sequence[StepRecord], limits: Mapping[str, object], kinds: Mapping[str, str]) -> Iterable[Cap]:
    turns = [record for record in records if record.kind in _CLASSES and record.started_at > record.queued_at]
    for name, allowed in limits.items():
        if isinstance(allowed, int):
            yield _cap(name, allowed, [turn for turn in turns if _CLASSES[turn.kind] == name])
        elif isinstance(allowed, Mapping):
            for kind, most in allowed.items():
                yield _cap(kind, int(most), [turn for turn in turns if kinds[turn.machine or ""] == kind])


def _cap(name: str, allowed: int, turns: Sequence[StepRecord]) -> Cap:
    spans = [Span(turn.step, turn.started_at, turn.ended_at or turn.started_at) for turn in turns]
    busy = sum(span.end - span.begin for span in spans)
    return Cap(name, allowed, most_at_once(spans), longest_beyond(spans, allowed), busy)
