"""How long a person waits for `./just up` with nothing to do and for `./just preview`, beside plain Pulumi.

    python -m tests.rollout.bench_idle [ROUNDS]

Plain Pulumi rolls out a program of one resource, on the same engine, language host and virtual environment. All four
commands take turns, so that whatever else the computer does meets all of them; the medians are compared.
"""

import os
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.rollout.checkout import PROJECT, Checkout, copy_project, environment_at

ROUNDS = 7

MOST: Mapping[str, float] = {"up": 2.0, "preview": 1.6}
"""What each is to take at most, in times of plain Pulumi."""

PROGRAM = """\
import pulumi
import pulumi_hcloud as hcloud

options = pulumi.ResourceOptions(version="0.0.0-local")
provider = hcloud.Provider("hcloud", endpoint="simulated:dev", token="simulated", opts=options)
hcloud.SshKey("one", public_key="KEY", opts=pulumi.ResourceOptions(provider=provider))
"""

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA/pGWs9DFlB1YJtttLI8FX9uqwacAqA6UMKcCBxzR5W one"

_OPTIONS: Mapping[str, Sequence[str]] = {"up": ("--yes", "--skip-preview"), "preview": ()}


@dataclass(frozen=True)
class Took:
    """What a command took, in seconds: by the clock, and of processor time in all its processes."""

    clock: float
    processor: float


@dataclass(frozen=True)
class Beside:
    """The medians of a command, and those of plain Pulumi's."""

    ours: Took
    plain: Took

    @property
    def clock(self) -> float:
        """How many times as long it takes by the clock."""
        return self.ours.clock / self.plain.clock

    @property
    def processor(self) -> float:
        """How many times the processor time it takes."""
        return self.ours.processor / self.plain.processor


def one_resource(folder: Path, like: Checkout) -> Checkout:
    """A program that declares one SSH key at Hetzner, on the same engine, language host and virtual environment."""
    folder.mkdir()
    (folder / ".venv").symlink_to(PROJECT / ".venv")
    (folder / "Pulumi.yaml").write_text((like.root / "Pulumi.yaml").read_text().replace("fediversity", "one", 1))
    settings = (like.root / "Pulumi.dev.yaml").read_text().splitlines()
    (folder / "Pulumi.dev.yaml").write_text(next(line for line in settings if line.startswith("encryptionsalt")) + "\n")
    (folder / "__main__.py").write_text(PROGRAM.replace("KEY", KEY))
    return Checkout(folder, like.environment)


def with_just(checkout: Checkout) -> None:
    """Has `./just` find everything set up in a copy of the project, as it does where a person works."""
    venv = checkout.root / ".venv"
    venv.unlink()
    venv.mkdir()
    for entry in (PROJECT / ".venv").iterdir():
        if entry.name != "ready":
            (venv / entry.name).symlink_to(entry)
    script = (checkout.root / "just").read_text()
    state = script[script.index("state() {") : script.index("find_python() {")]
    told = (
        f'root={shlex.quote(str(checkout.root))}\nPATH=${{PATH#"$root/.venv/bin:$root/.venv/engine:"}}\n{state}\nstate'
    )
    done = subprocess.run(
        ["sh", "-c", told], env=checkout.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
    )
    (venv / "ready").write_bytes(done.stdout)


def took(checkout: Checkout, *command: str) -> Took:
    """What a command takes. Raises CalledProcessError if it fails."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        command,
        cwd=checkout.root,
        env=checkout.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
    )
    clock, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Took(clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def beside(fleet: Checkout, one: Checkout, rounds: int = ROUNDS) -> dict[str, Beside]:
    """Each operation of `./just` on a rolled out fleet beside plain Pulumi's on one resource, in turns."""
    found: dict[tuple[str, str], list[Took]] = {}
    for _ in range(rounds):
        for operation, options in _OPTIONS.items():
            plain = took(one, "pulumi", operation, "--stack", "dev", "--non-interactive", *options)
            found.setdefault((operation, "plain"), []).append(plain)
            found.setdefault((operation, "ours"), []).append(took(fleet, "./just", operation))
    return {name: Beside(_median(found[name, "ours"]), _median(found[name, "plain"])) for name in _OPTIONS}


def rolled_out(fleet: Checkout, one: Checkout) -> None:
    """Rolls both out, so that there is nothing to do."""
    fleet.must(fleet.just("up"))
    one.must(one.pulumi("stack", "select", "--create", "dev"))
    one.must(one.pulumi("up", "--yes", "--skip-preview", "--stack", "dev"))
    fleet.must(fleet.just("up"))


def lines(found: Mapping[str, Beside]) -> Iterator[str]:
    """The figures, for people."""
    for name, one in found.items():
        yield (
            f"./just {name}: {one.ours.clock:.2f} s beside {one.plain.clock:.2f} s, {one.clock:.2f} times (at most "
            f"{MOST[name]}); of processor time {one.ours.processor:.2f} s beside {one.plain.processor:.2f} s, "
            f"{one.processor:.2f} times"
        )


def _median(runs: Sequence[Took]) -> Took:
    return Took(statistics.median(run.clock for run in runs), statistics.median(run.processor for run in runs))


def main(rounds: int) -> int:
    """Measures, and gives 1 if either takes longer than it is to take."""
    with tempfile.TemporaryDirectory(prefix="fediversity-bench-") as name:
        environment = environment_at(Path(name, "home"))
        fleet = Checkout(Path(name, "fediversity"), environment)
        copy_project(fleet.root)
        one = one_resource(Path(name, "one"), fleet)
        try:
            rolled_out(fleet, one)
            with_just(fleet)
            found = beside(fleet, one, rounds)
        finally:
            fleet.end()
    busy = os.getloadavg()[0] > (os.cpu_count() or 1)
    print("\n".join(lines(found)) + ("\nThe computer was busy with something else as well." if busy else ""))
    return int(any(one.clock > MOST[operation] for operation, one in found.items()))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
