"""A provider makes a server and its answer is lost: the next `up` finds out what exists, and nothing is made twice.

One story on one checkout, with a server at each provider: Hetzner's client hides the time-out behind a name that is
taken, Google's reports it.
"""

from typing import Any

import pytest

from fediversity.embedded_cloud.faults.store import FaultStore
from tests.rollout.checkout import Checkout, Done
from tests.rollout.faults import SERVER, keep_small, roll_out

pytestmark = pytest.mark.engine

GOOGLE = "orb-nixos"
SERVERS = (SERVER, GOOGLE)


def keep_servers(fleet: dict[str, Any]) -> None:
    google = fleet["machines"][GOOGLE]
    keep_small(fleet)
    del fleet["machines"]["blackphos"], google["disk"]
    fleet["machines"][GOOGLE] = google


def lose_answers(checkout: Checkout) -> None:
    for name in SERVERS:
        FaultStore(checkout.stack_dir / "cloud").set(f"{name}-server", "api-timeout-after-create", times=1)


def ids(checkout: Checkout) -> dict[str, Any]:
    """The servers that the clouds have: a name that were there twice would fail the test."""
    machines = checkout.machines()
    assert len(list(checkout.stack_dir.glob("cloud/machines/*/machine.json"))) == len(machines)
    return {name: machine["id"] for name, machine in machines.items()}


def require_doubt(done: Done) -> None:
    assert done.status == 1, done.output
    _, _, told = done.output.partition("whether these were made")
    for line in ("electrum-server (hcloud:index/server:Server)", "orb-nixos-server (gcp:compute/instance:Instance)"):
        assert line in told, done.output
    assert "The next `up` looks, and takes over what exists." in told


def require_taken_over(checkout: Checkout, done: Done, exist: dict[str, Any]) -> None:
    checkout.must(done)
    for name in SERVERS:
        assert f"when it created {name}-server" in done.output
    assert done.output.count("it exists: taken over") == len(SERVERS)
    assert ids(checkout) == exist
    assert {name: machine["installs"] for name, machine in checkout.machines().items()} == dict.fromkeys(exist, 1)
    latest = {record.step: record.outcome for record in checkout.records()}
    assert set(latest) == {step["name"] for step in checkout.plan()}
    assert set(latest.values()) <= {"applied", "unchanged"}
    assert not list(checkout.stack_dir.glob("engine-events*"))
    checkout.must(roll_out(checkout, "--expect-no-changes"))


def test_new_servers_whose_answers_were_lost_are_taken_over_by_the_next_up(checkout: Checkout) -> None:
    checkout.edit_fleet(keep_servers)
    lose_answers(checkout)

    first = roll_out(checkout)

    require_doubt(first)
    exist = ids(checkout)
    assert set(exist) == {"cinnabar", *SERVERS}
    known = {item["urn"].rsplit("::", 1)[-1] for item in checkout.resources()}
    assert "cinnabar-update" in known, "what does not depend on it did not go on"
    assert not known & {f"{name}-server" for name in SERVERS}
    require_taken_over(checkout, roll_out(checkout), exist)


def test_servers_whose_replacement_has_no_answer_are_taken_over_too(checkout: Checkout) -> None:
    before = ids(checkout)

    def move(fleet: dict[str, Any]) -> None:
        fleet["machines"][SERVER]["provider"]["location"] = "nbg1"
        fleet["machines"][GOOGLE]["provider"]["zone"] = "us-central1-f"

    checkout.edit_fleet(move)
    lose_answers(checkout)

    require_doubt(roll_out(checkout))

    exist = ids(checkout)
    assert not {exist[name] for name in SERVERS} & set(before.values())
    require_taken_over(checkout, roll_out(checkout), exist)


def test_a_destroy_deletes_what_exists_without_the_engine_knowing_it(checkout: Checkout) -> None:
    def move(fleet: dict[str, Any]) -> None:
        fleet["machines"][SERVER]["provider"]["location"] = "fsn1"
        fleet["machines"][GOOGLE]["provider"]["zone"] = "us-central1-b"

    checkout.edit_fleet(move)
    lose_answers(checkout)
    require_doubt(roll_out(checkout))

    checkout.must(checkout.just("destroy"))

    assert not checkout.stack_dir.exists()
    assert checkout.processes() == []
