"""How much memory the processes of a rollout use together, looked at again and again."""

import os
import re
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.rollout.checkout import Checkout

_KINDS = (
    ("engine", re.compile(r"^\S*pulumi (?!-)")),
    ("language host and program", re.compile(r"pulumi-language-")),
    ("plug-ins", re.compile(r"fediversity\.local\.plugins")),
    ("simulated machines", re.compile(r"fediversity\.local\.machines")),
    ("runners", re.compile(r"fediversity-step")),
    ("driver", re.compile(r"fediversity\.engine")),
)
"""Whose a process is, by its command line. What is none of these is a tool or ssh."""


@dataclass
class Memory:
    """The most memory that a checkout's processes used at one moment, in bytes.

    `shared` counts what several processes share in proportion (PSS), so that the sum is what the computer needs;
    `alone` sums the resident sets (RSS) and counts it many times. `by_kind` is the PSS at that moment, `count` how many
    processes of each kind there were at most.
    """

    checkout: Checkout
    shared: int = 0
    alone: int = 0
    by_kind: Mapping[str, int] = field(default_factory=dict)
    count: Counter[str] = field(default_factory=Counter)
    looks: int = 0

    def look(self) -> None:
        """Looks once."""
        shared: Counter[str] = Counter()
        alone = 0
        count: Counter[str] = Counter()
        for pid, command in self.checkout.process_table():
            used = _used(pid)
            kind = _kind(command)
            shared[kind] += used.get("Pss", 0)
            alone += used.get("Rss", 0)
            count[kind] += 1
        self.looks += 1
        self.alone = max(self.alone, alone)
        self.count |= count
        if shared.total() > self.shared:
            self.shared, self.by_kind = shared.total(), dict(shared)


class Watching(threading.Thread):
    """Looks every `seconds` until it is ended."""

    def __init__(self, memory: Memory, seconds: float) -> None:
        super().__init__(daemon=True)
        self._memory, self._seconds, self._over = memory, seconds, threading.Event()

    def run(self) -> None:
        while not self._over.wait(self._seconds):
            self._memory.look()

    def end(self) -> None:
        self._over.set()
        self.join()


def processor_seconds(checkout: Checkout, word: str) -> float:
    """The processor time that the living processes with a word in their command line have used."""
    ticks = 0
    for pid, command in checkout.process_table():
        if word in command:
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _kind(command: str) -> str:
    return next((kind for kind, pattern in _KINDS if pattern.search(command)), "tools and ssh")


def _used(pid: int) -> dict[str, int]:
    """The figures of `smaps_rollup` in bytes; none of a process that is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return {}
    return {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)}
