"""The guard on a machine takes a bad change back although the whole deploying side is dead. With the real engine."""

import os
import signal

import pytest

from tests.rollout.checkout import Checkout, wait_until
from tests.rollout.faults import FAST, SERVER, append, boot_default, keep_small, roll_out, running
from tests.rollout.kills import kill_session

pytestmark = pytest.mark.engine

_OURS = (
    "fediversity-step",
    "fediversity.cli.main",
    "fediversity.embedded_cloud.plugins",
    "fediversity/embedded_cloud/bin",
    "pulumi",
)


def test_a_machine_that_was_cut_off_comes_back_by_itself_when_the_deploying_side_is_dead(checkout: Checkout) -> None:
    checkout.edit_fleet(keep_small)
    checkout.must(roll_out(checkout))
    before = running(checkout, SERVER)
    append(checkout, SERVER)
    checkout.must(checkout.run("fediversity", "render", "dev"))
    checkout.must(checkout.local("fault", SERVER, "network-down"))
    started = Checkout(checkout.root, checkout.environment | FAST).start(
        "python", "-m", "fediversity.cli.main", "up", "dev"
    )
    wait_until(lambda: running(checkout, SERVER) != before, 120, "the bad system runs")

    kill_session(checkout, started)
    for pid, command in checkout.process_table():
        if any(kind in command for kind in _OURS):
            os.kill(pid, signal.SIGKILL)
    started.wait(30)

    wait_until(lambda: running(checkout, SERVER) == before, 120, "the guard goes back")
    wait_until(lambda: boot_default(checkout, SERVER) == before, 30, "it boots the former system, too")
    checkout.must(checkout.local("heal"))
    checkout.must(roll_out(checkout))
    assert running(checkout, SERVER) != before, "the next rollout brings the new system"
    latest = {record.step: record.outcome for record in checkout.records()}
    assert latest[f"{SERVER}-update"] == "applied"
