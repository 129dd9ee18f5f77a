"""The main job, as a story: nothing, preview, up, up again, edits, refresh, destroy. With the real engine."""

import json
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.rollout.checkout import Checkout
from tests.rollout.faults import root_of, steps_of

pytestmark = pytest.mark.engine

MACHINES = {"cinnabar", "orb-nixos", "blackphos", "rosegold", "argentum", "stibnite"}


def test_a_preview_from_nothing_shows_every_step_and_leaves_no_trace(checkout: Checkout) -> None:
    before = checkout.files()

    done = checkout.just("preview")

    output = checkout.must(done)
    for step in checkout.plan():
        assert step["name"] in output, f"{step['name']} is missing from the preview"
    assert checkout.files() == before, "a preview wrote files"
    assert not checkout.stack_dir.exists()
    assert checkout.processes() == []


def test_up_creates_every_machine_and_runs_every_step_once(checkout: Checkout) -> None:
    output = checkout.must(checkout.just("up"))

    assert set(checkout.machines()) == MACHINES
    assert "24 steps on simulated machines in" in output, "what was done is not summed up"
    records = checkout.records()
    assert sorted(record.step for record in records) == sorted(step["name"] for step in checkout.plan())
    assert {record.outcome for record in records} <= {"applied", "unchanged"}
    assert installs(checkout) == {"cinnabar": 1, "orb-nixos": 1}


def test_steps_start_only_after_everything_they_wait_for_has_ended(checkout: Checkout) -> None:
    records = {record.step: record for record in checkout.records()}

    for step in checkout.plan():
        for earlier in step["after"]:
            ended = records[earlier].ended_at
            assert ended is not None
            assert ended <= records[step["name"]].queued_at, f"{step['name']} did not wait for {earlier}"


def test_independent_machines_are_worked_on_at_the_same_time(checkout: Checkout) -> None:
    spans: dict[str, list[tuple[float, float]]] = {}
    for record in checkout.records():
        if record.machine and record.ended_at:
            spans.setdefault(record.machine, []).append((record.started_at, record.ended_at))

    overlapping = {
        frozenset((one, other))
        for one, other in combinations(spans, 2)
        if any(a < d and c < b for a, b in spans[one] for c, d in spans[other])
    }

    assert frozenset(("cinnabar", "orb-nixos")) in overlapping
    assert frozenset(("rosegold", "argentum")) in overlapping


def test_installed_machines_were_seen_to_have_restarted(checkout: Checkout) -> None:
    boots = {record.step: record.boot for record in checkout.records()}
    for name in installs(checkout):
        assert boots[f"{name}-install"], "the boot id from before was not written down"
        assert (
            boots[f"{name}-online"] == (root_of(checkout, name) / "proc/sys/kernel/random/boot_id").read_text().strip()
        )
        assert boots[f"{name}-online"] != boots[f"{name}-install"]


def test_machines_show_the_traces_of_what_was_done(checkout: Checkout) -> None:
    for name in MACHINES:
        root = root_of(checkout, name)
        assert (root / "nix/var/nix/profiles/system").is_symlink(), f"{name} has no system profile"
    cinnabar = root_of(checkout, "cinnabar")
    assert any((cinnabar / "run/secrets/vars").rglob("ssh.id_ed25519")), "the secrets did not arrive"


def test_what_is_deployed_is_what_the_fleet_file_was_priced_for(checkout: Checkout) -> None:
    done = checkout.run(sys.executable, "-m", "fediversity.cli.main", "cost", "dev", "--json")

    found = json.loads(checkout.must(done))
    assert found["deployed"] == "by Pulumi's state"
    assert found["difference"]["changes"] == []
    assert len(found["items"]) > 5


def test_a_second_up_changes_nothing_and_runs_no_command(checkout: Checkout) -> None:
    before = checkout.records()

    done = checkout.just("up", "--expect-no-changes")

    checkout.must(done)
    assert set(checkout.changes(done)) == {"unchanged"}
    assert checkout.records() == before


def test_a_preview_of_a_change_touches_no_machine(checkout: Checkout) -> None:
    append(checkout, "nix/modules/machines/cinnabar.nix")
    files, connections, processes = checkout.files(), checkout.connections(), checkout.processes()

    output = checkout.must(checkout.just("preview"))

    assert "cinnabar-update" in output
    assert "orb-nixos-update" not in output
    assert checkout.files() == files
    assert checkout.connections() == connections
    assert checkout.processes() == processes


def test_changing_the_module_of_one_machine_runs_its_update_alone(checkout: Checkout) -> None:
    ran = steps_of(checkout, lambda: checkout.must(checkout.just("up")))

    assert [record.step for record in ran] == ["cinnabar-update"]
    assert ran[0].outcome == "applied"


def test_a_new_system_below_an_application_brings_the_application_back(checkout: Checkout) -> None:
    append(checkout, "nix/modules/machines/orb-nixos.nix")

    ran = steps_of(checkout, lambda: checkout.must(checkout.just("up")))

    assert [record.step for record in ran] == ["orb-nixos-update", "social-apply"]


def test_changing_a_shared_module_updates_those_that_import_it(checkout: Checkout) -> None:
    append(checkout, "nix/modules/aspects/mac/workstation.nix")

    ran = steps_of(checkout, lambda: checkout.must(checkout.just("up")))

    macs = {"blackphos", "rosegold", "argentum", "stibnite"}
    assert {record.step for record in ran} == {f"{name}-update" for name in macs}


def test_a_refresh_finds_everything_as_it_was_recorded(checkout: Checkout) -> None:
    done = checkout.just("refresh")

    checkout.must(done)
    assert set(checkout.changes(done)) == {"unchanged"}


def test_a_server_of_another_location_is_replaced_and_installed_once(checkout: Checkout) -> None:
    old = checkout.machines()["cinnabar"]["id"]

    def move(fleet: dict[str, Any]) -> None:
        fleet["machines"]["cinnabar"]["provider"]["location"] = "nbg1"

    checkout.edit_fleet(move)
    ran = steps_of(checkout, lambda: checkout.must(checkout.just("up")))

    assert checkout.machines()["cinnabar"]["id"] != old
    assert installs(checkout) == {"cinnabar": 1, "orb-nixos": 1}
    steps = [record.step for record in ran]
    assert steps.count("cinnabar-install") == 1
    assert {"cinnabar-reach", "cinnabar-online", "cinnabar-update", "blackphos-join"} <= set(steps)
    assert "orb-nixos-install" not in steps
    assert not [record for record in ran if record.outcome == "failed"]


def test_a_google_server_that_is_replaced_under_its_own_name_is_installed_too(checkout: Checkout) -> None:
    server = next(item["urn"] for item in checkout.resources() if item["urn"].endswith("::orb-nixos-server"))
    began = checkout.machines()["orb-nixos"]["install_log"][0]["started"]

    ran = steps_of(checkout, lambda: checkout.must(checkout.just("up", "--replace", server)))

    steps = [record.step for record in ran]
    assert steps.count("orb-nixos-install") == 1, "the new server would stay Debian"
    assert steps.index("orb-nixos-install") < steps.index("orb-nixos-update") < steps.index("social-apply")
    assert "cinnabar-install" not in steps
    assert installs(checkout) == {"cinnabar": 1, "orb-nixos": 1}
    assert checkout.machines()["orb-nixos"]["install_log"][0]["started"] > began


def test_destroy_leaves_nothing(checkout: Checkout) -> None:
    addresses = {machine["address"] for machine in checkout.machines().values()}

    checkout.must(checkout.just("destroy"))

    assert checkout.processes() == []
    assert not (checkout.root / ".fediversity").exists()
    assert not listening_on(addresses)
    assert not [resource for resource in checkout.resources() if resource["type"] != "pulumi:pulumi:Stack"]


def installs(checkout: Checkout) -> dict[str, int]:
    """How often each server was installed to the end, by machine."""
    return {name: entry["installs"] for name, entry in checkout.machines().items() if entry["provider"] != "host"}


def append(checkout: Checkout, file: str) -> None:
    """Changes a module, as an edit would."""
    path = checkout.root / file
    path.write_text(path.read_text() + "\n# changed by a test\n")


def listening_on(addresses: set[str]) -> list[str]:
    """The addresses among these on which somebody listens, as the kernel says."""
    found = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        hexadecimal = words[1].partition(":")[0]
        address = ".".join(str(byte) for byte in reversed(bytes.fromhex(hexadecimal)))
        if words[3] == "0A" and address in addresses:
            found.append(address)
    return found
