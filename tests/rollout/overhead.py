"""What the runner adds to a step, beside starting Python: the least of several runs, by the clock and the kernel."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_RUNS = 15
_STEP = ("vars", "fleet", "--stack", "dev", "--", "true")


@dataclass(frozen=True)
class Cost:
    """What a command takes at least, in seconds: of processor time with all it starts, and by the clock."""

    processor: float
    wall: float


def cost(*command: str, environment: Mapping[str, str]) -> Cost:
    """The least that each of several runs took."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(_RUNS):
            before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
            wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            found.append(Cost(used, wall))
    return Cost(min(one.processor for one in found), min(one.wall for one in found))


def lines() -> Iterator[str]:
    """A whole step whose tool does nothing, beside Python that does nothing."""
    # Installed programs have their bytecode.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    runner = str(Path(sys.executable).with_name("fediversity-step"))
    nothing = cost(sys.executable, "-c", "pass", environment=environment)
    for name, words in (("the runner's start", ("--help",)), ("a whole step", _STEP)):
        found = cost(runner, *words, environment=environment)
        yield (
            f"{name}: {found.processor * 1000:.0f} ms of processor time, {found.wall * 1000:.0f} ms by the clock: "
            f"{found.processor / nothing.processor:.1f} and {found.wall / nothing.wall:.1f} times `python -c pass`"
        )
