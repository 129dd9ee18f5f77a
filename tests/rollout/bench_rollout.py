"""Rolls a large simulated fleet out from nothing, with the real engine, and reports its figures.

    python -m tests.rollout.bench_rollout 100

Started by `./just bench-rollout`, which finds the engine. Everything happens in a temporary folder.
"""

import argparse
import resource
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from fediversity.ledger.records import StepRecord
from fediversity.planning.steps import Plan, Step
from fediversity.support.durations import took
from tests.rollout import overhead
from tests.rollout.checkout import Checkout, copy_project, environment_at
from tests.rollout.figures import Figures, figures
from tests.rollout.large import LIMITS, kind_of, make_large, name_of
from tests.rollout.memory import Memory, Watching, processor_seconds

_MB = 1_000_000
_LOOK_SECONDS = 0.5


def rolled_out(checkout: Checkout, count: int) -> Figures:
    """Rolls a fleet of `count` machines out and gives the figures. AssertionError if it does not end well."""
    make_large(checkout, count)
    checkout.must(checkout.just("up", "--plain", seconds=7200.0))
    return figures_of(checkout, count)


def figures_of(checkout: Checkout, count: int) -> Figures:
    """The figures of the first rollout in a checkout."""
    plan = Plan(tuple(Step(one["name"], one["kind"], one["machine"], tuple(one["after"])) for one in checkout.plan()))
    kinds = {name_of(number): kind_of(number) for number in range(count)}
    return figures(plan, checkout.records(), LIMITS, kinds)


def main() -> int:
    """Rolls out, prints the figures; 1 if a cap was not held or the second rollout does anything."""
    parser = argparse.ArgumentParser(prog="bench-rollout", description=__doc__)
    parser.add_argument("machines", type=int, nargs="?", default=100)
    parser.add_argument("--keep", action="store_true", help="leave the temporary folder for a look")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fediversity-bench-"))
    try:
        return _bench(folder, given.machines)
    finally:
        if given.keep:
            print(f"left in {folder}")
        else:
            shutil.rmtree(folder)


def _bench(folder: Path, count: int) -> int:
    (folder / "home").mkdir()
    checkout = Checkout(folder / "fediversity", environment_at(folder / "home"))
    copy_project(checkout.root)
    memory = Memory(checkout)
    watching = Watching(memory, _LOOK_SECONDS)
    for line in overhead.lines():
        print(line, flush=True)
    try:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        watching.start()
        begun = time.monotonic()
        found = rolled_out(checkout, count)
        wall = time.monotonic() - begun
        watching.end()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        site = processor_seconds(checkout, "fediversity.embedded_cloud.machines")
        for line in (*lines(found, count), *_cost_lines(memory, wall, used, site), *_kind_lines(checkout.records())):
            print(line, flush=True)
        begun = time.monotonic()
        again = checkout.just("up", "--expect-no-changes", seconds=1800.0)
        print(f"a second `up` does {'nothing' if again.status == 0 else 'SOMETHING'} in {_since(begun)}", flush=True)
        begun = time.monotonic()
        checkout.must(checkout.just("destroy", seconds=1800.0))
        print(f"destroyed in {_since(begun)}")
        return 0 if again.status == 0 and all(cap.held for cap in found.caps) else 1
    finally:
        checkout.end()


def lines(found: Figures, count: int) -> Iterator[str]:
    """The figures for people."""
    yield f"{count} simulated machines, {found.steps} steps in {took(found.makespan)}"
    yield (
        f"critical path {took(found.path.seconds)} ({len(found.path.steps)} steps, to {found.path.steps[-1]}); with "
        f"the caps it takes {took(found.floor)} at least: {found.makespan / found.floor:.2f} times that"
    )
    for cap in found.caps:
        yield (
            f"  cap {cap.name} {cap.allowed}: {'held' if cap.held else 'NOT HELD'}, {cap.most} at once, its steps take "
            f"{took(cap.busy)} together, {cap.handed_on * 1000:.0f} ms the longest overlap of a turn handed on"
        )


def _cost_lines(memory: Memory, wall: float, used: float, site: float) -> Iterator[str]:
    yield f"from the command to its end {took(wall)}; {used:.0f} s of processor time, and {site:.0f} s by the machines"
    yield (
        f"most memory {memory.shared / _MB:.0f} MB (PSS; the resident sets together {memory.alone / _MB:.0f} MB) in "
        f"{memory.looks} looks"
    )
    for kind, size in sorted(memory.by_kind.items(), key=lambda item: -item[1]):
        yield f"  {kind}: {size / _MB:.0f} MB, at most {memory.count[kind]} processes"


def _kind_lines(records: Sequence[StepRecord]) -> Iterable[str]:
    """How long the steps of each kind took, and how long they waited for their turn."""
    by_kind: dict[str, list[StepRecord]] = defaultdict(list)
    for record in records:
        by_kind[record.kind].append(record)
    for kind, runs in by_kind.items():
        own = sorted((record.ended_at or 0) - record.started_at for record in runs)
        waited = max(record.started_at - record.queued_at for record in runs)
        yield (
            f"  {kind}: {len(runs)} steps, median {own[len(own) // 2]:.2f} s, longest {own[-1]:.2f} s, "
            f"longest wait for a turn {waited:.1f} s"
        )


def _since(begun: float) -> str:
    return took(time.monotonic() - begun)


if __name__ == "__main__":
    sys.exit(main())
