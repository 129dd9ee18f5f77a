"""Watches a rollout through the ledger while Pulumi works, and shows its events.

The ledger is the source, because Pulumi's event log does not know of turns, outcomes and reasons of steps. What Pulumi
itself says comes from that log at the end (`event_log.py`, `diagnostics.py`).
"""

import contextlib
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from fediversity.ledger import history
from fediversity.ledger.records import Probe, StepRecord
from fediversity.ledger.sqlite import Ledger
from fediversity.planning.steps import Plan
from fediversity.rollout.console import say
from fediversity.rollout.events import Event, events, json_line, line, still
from fediversity.rollout.remaining_steps import MachineProgress, machine_progress, remaining_steps

QUIET_SECONDS = 120.0
"""How long plain lines may say nothing while steps are under way."""

Show = Callable[[Sequence[Event]], None]


@dataclass
class RolloutWatch:
    """One rollout as the ledger tells it. `look` brings it up to date and tells `shows` what has happened.

    `before` are the newest runs of the steps from earlier rollouts, `since` all runs of this one.
    `rotated` are the machines whose vars had changed since their last update when it began.
    """

    ledger: Ledger
    plan: Plan
    machines: Sequence[str]
    began: float
    before: tuple[StepRecord, ...]
    drifts: Mapping[str, Probe]
    rotated: Collection[str] = ()
    shows: list[Show] = field(default_factory=list)
    since: tuple[StepRecord, ...] = ()

    @classmethod
    def begin(
        cls, ledger: Ledger, plan: Plan, machines: Sequence[str], rotated: Collection[str] = ()
    ) -> "RolloutWatch":
        """Starts watching now. What was before is read once: a ledger may hold the rollouts of years."""
        began = time.time()
        before = history.newest_of_each_step(ledger.records()).values()
        return cls(ledger, plan, machines, began, tuple(before), ledger.drifts(), rotated)

    def look(self) -> None:
        """Reads the ledger. If that fails once, Pulumi is watched all the same."""
        with contextlib.suppress(sqlite3.Error):
            now = self.ledger.records(queued_since=self.began)
            happened, self.since = events(self.since, now), now
            self.tell(happened)

    def tell(self, happened: Sequence[Event]) -> None:
        """Tells everybody; one who cannot be told (a full disk, a closed pipe) is not told any more."""
        for show in list(self.shows):
            try:
                show(happened)
            except OSError as error:
                self.shows.remove(show)
                with contextlib.suppress(OSError):
                    say(f"cannot write what happens any more ({error.strerror}); the rollout goes on")

    def last_output(self, record: StepRecord) -> float | None:
        """When the tool of a step last printed something (seconds since 1970); None if that is not known."""
        try:
            return (self.ledger.path.parent / (record.log or "")).stat().st_mtime if record.log else None
        except OSError:
            return None

    @property
    def left(self) -> frozenset[str]:
        """The steps that are left to do."""
        rotated = dict.fromkeys(self.rotated, self.began)
        return remaining_steps(self.plan, (*self.before, *self.since), self.drifts, rotated)

    @property
    def chains(self) -> tuple[MachineProgress, ...]:
        """How far each machine is."""
        return machine_progress(self.plan, self.since, self.left, self.machines)

    @property
    def bad(self) -> tuple[str, ...]:
        """The steps of this rollout that have not ended well."""
        return tuple(record.step for record in self.since if record.outcome and not record.ended_well)


def plain_lines(watch: RolloutWatch) -> Show:
    """One plain line an event; while nothing happens, from time to time a line for each step that is under way.

    They show that nothing hangs, and keep CI systems from ending a silent job.
    """
    said = time.time()

    def show(happened: Sequence[Event]) -> None:
        nonlocal said
        now = time.time()
        quiet = not happened and now - said >= QUIET_SECONDS
        lines = still(watch.since, now, watch.last_output) if quiet else [line(event) for event in happened]
        for text in lines:
            print(text, flush=True)
        said = now if happened or quiet else said

    return show


@contextlib.contextmanager
def json_lines(path: Path, stack: str) -> Iterator[Show]:
    """A line of JSON an event, in a file that only its owner can read. Raises OSError if it cannot be made."""
    with open_private(path) as file:

        def write(happened: Sequence[Event]) -> None:
            file.writelines(f"{json_line(event, stack)}\n" for event in happened)
            file.flush()

        yield write


@contextlib.contextmanager
def live_table(watch: RolloutWatch) -> Iterator[Show]:
    """A table on the terminal that is drawn anew at each look; what it showed last stays."""
    from rich.console import Console  # noqa: PLC0415 (a terminal only)
    from rich.live import Live  # noqa: PLC0415

    from fediversity.rollout.live_table import draw  # noqa: PLC0415

    console = Console(highlight=False)

    def table() -> Any:
        now = time.time()
        return draw(watch.chains, watch.bad, now, now - watch.began, console.height - 1)

    with Live(table(), console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
        yield lambda _happened: live.update(table(), refresh=True)


def open_private(path: Path) -> TextIO:
    """Opens a file for writing, empty, that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600))


def on_a_terminal() -> bool:
    """Whether a person watches: CI systems sometimes have a terminal, too."""
    return sys.stdout.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"
