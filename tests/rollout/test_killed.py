"""The engine is killed in the middle of a rollout; the next `./just up` finds out, says so, and finishes the job."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.rollout.checkout import Checkout, wait_until
from tests.rollout.conftest import MakeCheckout
from tests.rollout.kills import workers

pytestmark = pytest.mark.engine

SERVERS = {"cinnabar", "orb-nixos"}


@dataclass(frozen=True)
class Moment:
    """When to kill: as soon as `come` is true."""

    name: str
    come: Callable[[Checkout], bool]


def running(checkout: Checkout, step: str) -> bool:
    return any(record.step == step and record.outcome is None for record in checkout.records())


def ended(checkout: Checkout, step: str) -> bool:
    return any(record.step == step and record.outcome is not None for record in checkout.records())


MOMENTS = [
    Moment("a_server_was_just_made", lambda checkout: "cinnabar" in checkout.machines()),
    Moment("a_server_is_being_installed", lambda checkout: running(checkout, "cinnabar-install")),
    Moment("a_server_has_just_been_installed", lambda checkout: installs(checkout).get("cinnabar") == 1),
    Moment("a_server_is_being_updated", lambda checkout: running(checkout, "cinnabar-update")),
]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
def test_a_rollout_whose_engine_was_killed_is_finished_by_the_next_up(
    moment: Moment, make_checkout: MakeCheckout
) -> None:
    checkout = make_checkout()
    checkout.edit_fleet(keep_servers_only)
    started = checkout.start("python", "-m", "fediversity.cli.main", "up", "dev")
    wait_until(lambda: moment.come(checkout), 120, moment.name)

    os.kill(engine_pid(checkout), signal.SIGKILL)
    assert started.wait(30) != 0
    wait_until(lambda: not workers(checkout), 20, "the plug-ins and the runner of the killed engine end")

    pending = checkout.pending_operations()

    output = checkout.must(checkout.just("up"))

    assert "was killed" in output
    # Between two operations there is none: how fast the kill comes after what it waited for is not ours to say.
    assert (f"with {len(pending)} operations in progress" in output) == bool(pending)
    assert installs(checkout) == dict.fromkeys(SERVERS, 1), "a machine was installed twice, or not at all"
    latest = {record.step: record.outcome for record in checkout.records()}
    assert set(latest) == {step["name"] for step in checkout.plan()}
    assert set(latest.values()) <= {"applied", "unchanged"}
    again = checkout.just("up", "--expect-no-changes")
    checkout.must(again)
    checkout.must(checkout.just("destroy"))
    assert not checkout.stack_dir.exists()
    assert checkout.processes() == []


def test_a_stack_that_somebody_else_rolls_out_is_left_alone(make_checkout: MakeCheckout) -> None:
    checkout = make_checkout()
    checkout.edit_fleet(keep_servers_only)
    checkout.must(checkout.just("init"))
    first = checkout.start("pulumi", "up", "--stack", "dev", "--yes", "--skip-preview")
    wait_until(lambda: "cinnabar" in checkout.machines(), 120, "the first rollout is on its way")

    second = checkout.just("up")

    assert second.status == 1
    assert "in use" in second.output
    assert first.wait(300) == 0
    assert installs(checkout) == dict.fromkeys(SERVERS, 1)
    checkout.must(checkout.just("destroy"))


def keep_servers_only(fleet: dict[str, Any]) -> None:
    """The fleet without the Macs: the servers are what an install could destroy."""
    fleet["machines"] = {name: machine for name, machine in fleet["machines"].items() if name in SERVERS}
    del fleet["deploying_machine"]
    fleet["dns"]["zones"]["fleet.example"]["records"] = [
        record for record in fleet["dns"]["zones"]["fleet.example"]["records"] if record.get("machine") != "electrum"
    ]


def installs(checkout: Checkout) -> dict[str, int]:
    return {name: entry["installs"] for name, entry in checkout.machines().items()}


def engine_pid(checkout: Checkout) -> int:
    """The engine's own process."""
    found = [pid for pid, command in checkout.process_table() if " up --stack dev" in f" {command}"]
    engines = [pid for pid in found if os.readlink(f"/proc/{pid}/exe").endswith("pulumi")]
    assert len(engines) == 1, f"expected one engine, found {engines} among {checkout.process_table()}"
    return engines[0]
