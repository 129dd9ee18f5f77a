"""A preview of the fleet beside that of a program with one resource: what loads slowly is noticed."""

import resource
import statistics
import time
from pathlib import Path

import pytest

from tests.rollout.checkout import PROJECT, Checkout

pytestmark = pytest.mark.engine

MOST, MOST_WHILE_BUSY = 2.5, 3.0
"""With the classes of Google's SDK it was 3.7."""

BUSY = 1.4
"""By how much the clock's time of the smaller program is above its processor time when others are at work, too."""

ROUNDS = 7

PROGRAM = """\
import pulumi
import pulumi_hcloud as hcloud

options = pulumi.ResourceOptions(version="0.0.0-local")
provider = hcloud.Provider("hcloud", endpoint="simulated:dev", token="simulated", opts=options)
hcloud.SshKey("one", public_key="KEY", opts=pulumi.ResourceOptions(provider=provider))
"""

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA/pGWs9DFlB1YJtttLI8FX9uqwacAqA6UMKcCBxzR5W one"


def one_resource(folder: Path, like: Checkout) -> Checkout:
    """A program that declares one SSH key at Hetzner, on the same engine, language host and virtual environment."""
    folder.mkdir()
    (folder / ".venv").symlink_to(PROJECT / ".venv")
    (folder / "Pulumi.yaml").write_text((like.root / "Pulumi.yaml").read_text().replace("fediversity", "one", 1))
    settings = (like.root / "Pulumi.dev.yaml").read_text().splitlines()
    (folder / "Pulumi.dev.yaml").write_text(next(line for line in settings if line.startswith("encryptionsalt")) + "\n")
    (folder / "__main__.py").write_text(PROGRAM.replace("KEY", KEY))
    return Checkout(folder, like.environment)


def preview(checkout: Checkout) -> tuple[float, float]:
    """How long a preview takes: seconds by the clock, and of processor time in all its processes."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    checkout.must(checkout.pulumi("preview", "--stack", "dev"))
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratio_and_limit(fleet: Checkout, one: Checkout) -> tuple[float, float]:
    """The fleet's preview by the other one's, and what it may be: medians of runs that take turns, by the clock."""
    fleets, ones = [], []
    for _ in range(ROUNDS):
        ones.append(preview(one))
        fleets.append(preview(fleet))
    (fleet_wall, fleet_processor), (one_wall, one_processor) = (
        tuple(statistics.median(run[which] for run in runs) for which in (0, 1)) for runs in (fleets, ones)
    )
    busy = one_wall / one_processor > BUSY
    print(
        f"by the clock {fleet_wall:.2f} s and {one_wall:.2f} s: {fleet_wall / one_wall:.2f}{', busy' if busy else ''}"
    )
    print(f"processor {fleet_processor:.2f} s and {one_processor:.2f} s: {fleet_processor / one_processor:.2f}")
    return fleet_wall / one_wall, MOST_WHILE_BUSY if busy else MOST


@pytest.mark.parametrize("state", ["nothing is there yet", "everything is there"])
def test_a_preview_takes_hardly_more_than_twice_that_of_one_resource(checkout: Checkout, state: str) -> None:
    one = Checkout(checkout.root.parent / "one", checkout.environment)
    if state == "nothing is there yet":
        one = one_resource(one.root, checkout)
        checkout.must(checkout.pulumi("stack", "select", "--create", "dev"))
        one.must(one.pulumi("stack", "select", "--create", "dev"))
    else:
        checkout.must(checkout.just("up"))
        one.must(one.pulumi("up", "--yes", "--skip-preview", "--stack", "dev"))

    ratio, most = ratio_and_limit(checkout, one)

    assert ratio < most
