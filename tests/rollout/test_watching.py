"""What people see of a rollout with the real engine: events, what was not done, status, a look, going back."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from fediversity.ledger.records import StepRecord
from tests.rollout.checkout import Checkout, Done, wait_until

pytestmark = pytest.mark.engine

MACS = ("blackphos", "rosegold")


@pytest.fixture(scope="module")
def checkout(checkout: Checkout) -> Checkout:
    """Two Macs, the second after the first: little to wait for."""

    def keep_two_macs(fleet: dict[str, Any]) -> None:
        fleet["machines"] = {name: fleet["machines"][name] | {"mesh": None} for name in MACS}
        for name in ("instances", "buckets", "deployments", "dns", "deploying_machine"):
            del fleet[name]

    checkout.edit_fleet(keep_two_macs)
    return checkout


def people(checkout: Checkout, *arguments: str) -> Done:
    return checkout.run(sys.executable, "-m", "fediversity.cli.main", *arguments)


def events(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def change(checkout: Checkout, *machines: str) -> None:
    for name in machines:
        path = checkout.root / "nix" / "modules" / "machines" / f"{name}.nix"
        path.write_text(path.read_text() + "\n# changed by a test\n")


def newest(checkout: Checkout) -> StepRecord:
    return checkout.records()[-1]


def test_a_failed_rollout_says_what_failed_why_and_what_was_not_done(checkout: Checkout, tmp_path: Path) -> None:
    # A pinned key that the machine does not have: its first step fails.
    pins = checkout.stack_dir / "known_hosts"
    pins.mkdir(parents=True)
    key = "AAAAC3NzaC1lZDI1NTE5AAAAIEJ1bGsgb2YgYSBrZXkgdGhhdCBub2JvZHkgaGFzISEh"
    (pins / "blackphos").write_text(f"blackphos ssh-ed25519 {key}\n")

    done = checkout.just("up", "--events", str(tmp_path / "events.jsonl"))

    assert done.status != 0
    lines = done.output.splitlines()
    at = lines.index("Failed:")
    assert "blackphos-reach after" in lines[at + 1]
    assert "shows another host key than the pinned one" in lines[at + 1]
    assert lines[at + 2].startswith("    what to do: ")
    log = lines[at + 3].removeprefix("    log: ")
    assert (checkout.root / log).is_file()
    at = lines.index("Not done because of that:")
    assert lines[at + 1 : at + 3] == [
        "  blackphos: update (needs blackphos-reach)",
        "  rosegold: update (needs blackphos-reach)",
    ]
    assert "error: exit status 1" not in done.output, "what the ledger tells better is told twice"
    told = events(tmp_path / "events.jsonl")
    assert [event["outcome"] for event in told if event["step"] == "blackphos-reach"] == [None, "failed"]
    assert (told[-1]["event"], told[-1]["outcome"]) == ("finished", "badly")
    (pins / "blackphos").unlink()


def test_events_are_complete_as_lines_and_as_json(checkout: Checkout, tmp_path: Path) -> None:
    before = len(checkout.records())

    output = checkout.must(checkout.just("up", "--events", str(tmp_path / "events.jsonl")))

    ran = checkout.records()[before:]
    assert {record.step for record in ran} >= {"blackphos-reach", "blackphos-update", "rosegold-update"}
    told = events(tmp_path / "events.jsonl")
    assert (told[0]["event"], told[-1]["event"]) == ("begun", "finished")
    steps = [(event["step"], event["event"], event["outcome"]) for event in told if event["step"]]
    assert sorted(step for step in steps if step[1] == "started") == sorted(
        (record.step, "started", None) for record in ran
    )
    assert sorted(step for step in steps if step[1] == "ended") == sorted(
        (record.step, "ended", record.outcome) for record in ran
    )
    assert [event["time"] for event in told] == sorted(event["time"] for event in told)
    for record in ran:
        assert f" {record.subject} {record.kind} started" in output
        assert f" {record.subject} {record.kind} ended {record.outcome} in " in output
    assert "Updating (dev)" not in output, "the engine's own words are in a file"
    assert "Updating (dev)" in (checkout.stack_dir / "engine.log").read_text()


def test_the_engine_s_own_output_can_be_had_instead(checkout: Checkout) -> None:
    output = checkout.must(checkout.just("up", "--verbose"))

    assert "Updating (dev)" in output
    assert "rollout begun" not in output


def test_status_and_check_find_the_fleet_well_with_the_engine_stopped(checkout: Checkout) -> None:
    assert people(checkout, "probe").output.count("well: it is well and runs what was applied") == len(MACS)
    told = json.loads(checkout.must(people(checkout, "status", "--json")))
    assert [(machine["name"], machine["health"]["state"], machine["drift"]) for machine in told["machines"]] == [
        (name, "well", False) for name in MACS
    ]


def test_a_preview_and_an_up_say_which_machine_changes(checkout: Checkout) -> None:
    change(checkout, "rosegold")

    output = checkout.must(checkout.just("preview"))

    assert "  rosegold   changed" in output
    assert "  blackphos  unchanged" in output
    assert "  blackphos" not in checkout.must(checkout.just("up")).partition("rollout begun")[0]


def test_a_machine_rolled_back_by_hand_is_left_alone_until_it_is_let_go(checkout: Checkout) -> None:
    update = [record for record in checkout.records() if record.step == "rosegold-update"]
    before, after = update[-2].system, update[-1].system
    assert before != after

    checkout.must(people(checkout, "rollback", "rosegold", "--yes"))

    assert (newest(checkout).kind, newest(checkout).outcome, newest(checkout).system) == ("rollback", "applied", before)
    assert "rosegold   well: it is well and runs what was applied" in people(checkout, "probe").output
    count = len(checkout.records())
    assert "rosegold is held: rolled back by hand" in checkout.must(checkout.just("up"))
    assert len(checkout.records()) == count, "an up updated what a person had rolled back"

    checkout.must(people(checkout, "rollback", "rosegold", "--release"))
    checkout.must(checkout.just("up"))
    assert (newest(checkout).step, newest(checkout).system) == ("rosegold-update", after)


def test_a_machine_that_somebody_switched_has_drifted_and_the_next_up_mends_it(checkout: Checkout) -> None:
    applied = newest(checkout).system
    older = next(record.system for record in reversed(checkout.records()) if record.system not in {None, applied})
    by_hand = f"sudo -n nix-env -p /nix/var/nix/profiles/system --set {older} && sudo -n {older}/activate"
    machine = checkout.machines()["rosegold"]
    there = f"{next(user for user in machine['authorized_keys'] if user != 'root')}@{machine['address']}"
    options = ["-F", "none", "-i", str(checkout.stack_dir / "identity"), "-p", "2222", "-o", "StrictHostKeyChecking=no"]
    checkout.must(checkout.run("ssh", *options, "-o", "UserKnownHostsFile=/dev/null", there, by_hand))

    found = people(checkout, "probe")

    assert found.status == 1
    assert f"rosegold   drifted: it runs {older}, but {applied} was applied last" in found.output
    count = len(checkout.records())
    checkout.must(checkout.just("up"))
    assert [record.step for record in checkout.records()[count:]] == ["rosegold-update"]
    assert (newest(checkout).outcome, newest(checkout).system) == ("applied", applied)
    checkout.must(people(checkout, "probe"))


def test_ctrl_c_ends_the_rollout_in_good_order_and_is_summed_up(checkout: Checkout) -> None:
    change(checkout, *MACS)
    started = checkout.start(sys.executable, "-m", "fediversity.cli.main", "up", "dev")
    wait_until(
        lambda: newest(checkout).step == "blackphos-update" and newest(checkout).outcome is None, 120, "an update"
    )

    os.killpg(started.pid, signal.SIGINT)

    assert started.wait(60) != 0
    output = (checkout.root.parent / "started.log").read_text()
    assert "rollout finished badly" in output
    assert "steps on simulated machines" in output or "step on simulated machines" in output
    checkout.must(checkout.just("up"))
    assert {record.step for record in checkout.records()[-2:]} == {"blackphos-update", "rosegold-update"}
