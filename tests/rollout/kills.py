"""Killing a rollout at a random moment, and what must be true after the next one."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.rollout.checkout import Checkout, wait_until
from tests.rollout.faults import FAST, boot_default, keep_small, roll_out, running

Kill = Callable[[Checkout, "subprocess.Popen[bytes]"], None]

_WORKERS = ("fediversity-step", "fediversity.embedded_cloud.plugins", "fediversity/embedded_cloud/bin")


@dataclass(frozen=True)
class Undisturbed:
    """A rollout that nobody disturbed: how long it took in seconds, and how its machines ended."""

    seconds: float
    systems: Mapping[str, tuple[str, str]]
    steps: frozenset[str]


def undisturbed(checkout: Checkout) -> Undisturbed:
    """Rolls the small fleet out from nothing."""
    checkout.edit_fleet(keep_small)
    begun = time.monotonic()
    checkout.must(roll_out(checkout))
    return Undisturbed(time.monotonic() - begun, systems(checkout), frozenset(step["name"] for step in checkout.plan()))


def systems(checkout: Checkout) -> dict[str, tuple[str, str]]:
    """What each machine runs, and what it boots next."""
    return {name: (running(checkout, name), boot_default(checkout, name)) for name in checkout.machines()}


def kill_engine(checkout: Checkout, _: "subprocess.Popen[bytes]") -> None:
    """The engine alone."""
    for pid, command in checkout.process_table():
        if " up --stack dev" in f" {command}" and os.readlink(f"/proc/{pid}/exe").endswith("pulumi"):
            os.kill(pid, signal.SIGKILL)


def kill_command(_: Checkout, started: "subprocess.Popen[bytes]") -> None:
    """What a person has started alone: the engine loses its program, and its plug-ins stay as long as it does."""
    os.kill(started.pid, signal.SIGKILL)


def kill_session(_: Checkout, started: "subprocess.Popen[bytes]") -> None:
    """Everything that `up` has started, itself included, as when a terminal or a computer goes away."""
    os.killpg(started.pid, signal.SIGKILL)


def survives(checkout: Checkout, reference: Undisturbed, kill: Kill, seed: int) -> float:
    """Kills a rollout from nothing when `seed` decides, and rolls out again. Gives the moment in seconds."""
    checkout.edit_fleet(keep_small)
    checkout.must(checkout.run("fediversity", "render", "dev"))
    moment = random.Random(seed).uniform(0.5, reference.seconds)  # noqa: S311 (no secret)
    impatient = Checkout(checkout.root, checkout.environment | FAST)
    started = impatient.start("python", "-m", "fediversity.cli.main", "up", "dev")
    time.sleep(moment)
    kill(checkout, started)
    started.wait(60)
    wait_until(lambda: not workers(checkout), 60, "what the killed rollout started has ended")

    checkout.must(roll_out(checkout))

    assert systems(checkout) == reference.systems, f"killed after {moment:.2f} s"
    for name, machine in checkout.machines().items():
        assert machine["provider"] == "host" or machine["installs"] == 1, f"{name}: {machine['installs']} installs"
    latest = {record.step: record.outcome for record in checkout.records()}
    assert set(latest) == reference.steps, "a step is lost from the ledger"
    assert set(latest.values()) <= {"applied", "unchanged"}, latest
    checkout.must(roll_out(checkout, "--expect-no-changes"))
    assert workers(checkout) == [], "an orphan"
    return moment


def workers(checkout: Checkout) -> list[str]:
    """What could still change something: runners with their tools, and plug-ins. Recovery ends the rest."""
    return [command for command in checkout.processes() if any(kind in command for kind in _WORKERS)]
