"""A preview of the fleet takes less than twice the time of a program with one resource."""

import resource
import statistics
import time
from pathlib import Path

import pytest

from tests.engine.checkout import PROJECT, Checkout

pytestmark = pytest.mark.engine

MOST = 2.0
ROUNDS = 5

PROGRAM = """\
import pulumi
import pulumi_command as command

provider = command.Provider("command", opts=pulumi.ResourceOptions(version="0.0.0-local"))
command.local.Command("one", create="true", opts=pulumi.ResourceOptions(provider=provider))
"""


def one_resource(folder: Path, like: Checkout) -> Checkout:
    """A program that declares one command, on the same engine, language host and virtual environment."""
    folder.mkdir()
    (folder / ".venv").symlink_to(PROJECT / ".venv")
    (folder / "Pulumi.yaml").write_text((like.root / "Pulumi.yaml").read_text().replace("fediversity", "one", 1))
    settings = (like.root / "Pulumi.dev.yaml").read_text().splitlines()
    (folder / "Pulumi.dev.yaml").write_text(next(line for line in settings if line.startswith("encryptionsalt")) + "\n")
    (folder / "__main__.py").write_text(PROGRAM)
    return Checkout(folder, like.environment)


def preview(checkout: Checkout) -> tuple[float, float]:
    """How long a preview takes: seconds by the clock, and of processor time in all its processes."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    checkout.must(checkout.pulumi("preview", "--stack", "dev"))
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratios(fleet: Checkout, one: Checkout) -> tuple[float, float]:
    """The fleet's preview by the other one's, by clock and processor time: medians of runs that take turns."""
    fleets, ones = [], []
    for _ in range(ROUNDS):
        ones.append(preview(one))
        fleets.append(preview(fleet))
    wall, processor = (
        statistics.median(run[which] for run in fleets) / statistics.median(run[which] for run in ones)
        for which in (0, 1)
    )
    print(f"fleet {fleets}\none {ones}\nratios: {wall:.2f} by the clock, {processor:.2f} of processor time")
    return wall, processor


@pytest.mark.parametrize("state", ["nothing is there yet", "everything is there"])
def test_a_preview_takes_less_than_twice_that_of_one_resource(checkout: Checkout, state: str) -> None:
    one = Checkout(checkout.root.parent / "one", checkout.environment)
    if state == "nothing is there yet":
        one = one_resource(one.root, checkout)
        checkout.must(checkout.pulumi("stack", "select", "--create", "dev"))
        one.must(one.pulumi("stack", "select", "--create", "dev"))
    else:
        checkout.must(checkout.just("up"))
        one.must(one.pulumi("up", "--yes", "--skip-preview", "--stack", "dev"))

    wall, processor = ratios(checkout, one)

    # On a computer that is busy otherwise, a clock measures the others, too.
    assert min(wall, processor) < MOST
