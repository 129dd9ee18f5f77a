"""Machines that get another name in the fleet file, and what exists already and is taken over. With the real engine."""

import json
import sys
from typing import Any

import pytest
import yaml

from tests.rollout.checkout import Checkout
from tests.rollout.faults import steps_of
from tests.rollout.small import fleet_of, instance, operations, protect, server, state_of, write_fleet

pytestmark = pytest.mark.engine

ZONE = {"zones": {"fleet.example": {"provider": "hetzner"}}}
BUCKETS = {"fleet-example-media": {"location": "europe-west1"}}


def fleet(**machines: dict[str, Any]) -> dict[str, Any]:
    """Machines, a zone and a bucket."""
    return fleet_of(**machines) | {"dns": json.loads(json.dumps(ZONE)), "buckets": json.loads(json.dumps(BUCKETS))}


RENAMED = {"omega": server(formerly=["alpha"]), "gamma": instance(formerly=["beta"])}


def status(checkout: Checkout) -> dict[str, Any]:
    """What `fediversity status --json` says of each machine."""
    output = checkout.must(checkout.run(sys.executable, "-m", "fediversity.cli.main", "status", "dev", "--json"))
    return {entry["name"]: entry for entry in json.loads(output)["machines"]}


def move_vars(checkout: Checkout) -> None:
    """Moves what clan keeps under the machines' former names, as a person does."""
    flake = checkout.stack_dir / "cloud" / "flake"
    for old, new in {"alpha": "omega", "beta": "gamma"}.items():
        for path in sorted(flake.rglob("*"), reverse=True):
            if old in path.name:
                path.rename(path.with_name(path.name.replace(old, new)))


def test_a_fleet_is_rolled_out_and_protected(checkout: Checkout) -> None:
    protect(checkout)
    write_fleet(checkout, fleet(alpha=server(), beta=instance()))

    checkout.must(checkout.just("up"))


def test_a_renamed_machine_whose_vars_stay_behind_is_refused(checkout: Checkout) -> None:
    write_fleet(checkout, fleet(**RENAMED))

    for command in (["fediversity.rollout", "up", "dev"], ["fediversity.cli.main", "validate", "dev"]):
        done = checkout.run(sys.executable, "-m", *command)
        assert done.status == 1
        assert "machines.omega.formerly: the vars are still those of 'alpha'" in done.output
        assert "`mv vars/per-machine/alpha vars/per-machine/omega`" in done.output


def test_renaming_a_machine_changes_everything_in_place(checkout: Checkout) -> None:
    move_vars(checkout)

    found = operations(checkout)

    assert set(found.values()) == {"update"}
    steps = {f"{name}-{kind}" for name in RENAMED for kind in ("reach", "install", "online", "update")}
    resources = {f"{name}-{kind}" for name in RENAMED for kind in ("address", "firewall", "server")}
    assert set(found) == steps | resources | {"omega-address-ipv6", "gamma-firewall-closed"}


def test_a_renamed_machine_keeps_its_server_and_its_history_and_gets_its_new_name(checkout: Checkout) -> None:
    before = {name: state_of(checkout, name)["outputs"] for name in ("alpha-server", "beta-server")}
    remembered = status(checkout)

    ran = steps_of(checkout, lambda: checkout.must(checkout.just("up")))

    assert remembered["omega"]["applied"] is not None, "it is remembered before the rollout, too"
    assert {record.step for record in ran} == {"fleet-vars", "omega-update", "gamma-update"}
    assert {record.outcome for record in ran} == {"applied"}
    assert state_of(checkout, "omega-server")["outputs"]["ipv4Address"] == before["alpha-server"]["ipv4Address"]
    assert state_of(checkout, "omega-server")["inputs"]["name"] == "omega"
    assert state_of(checkout, "gamma-server")["outputs"]["instanceId"] == before["beta-server"]["instanceId"]
    assert state_of(checkout, "gamma-server")["inputs"]["name"] == "beta", "Google changes no name in place"
    assert not [record for record in checkout.records() if record.machine in {"alpha", "beta"}]
    assert [record.outcome for record in checkout.records() if record.step == "omega-install"] == ["applied"]
    assert status(checkout)["omega"]["health"]["state"] == "well"
    checkout.must(checkout.just("up", "--expect-no-changes"))


def test_what_exists_is_taken_over_by_its_id_and_left_as_it_is(checkout: Checkout) -> None:
    """A server that somebody made by hand, and a zone and a bucket that the stack has forgotten."""
    by_hand = server(provider={"image": "123456", "ipv6": False})
    write_fleet(checkout, fleet(**RENAMED, seed=by_hand))
    parts = ("seed", "seed-server", "seed-address", "seed-firewall")
    targets = [word for part in parts for word in ("--target", f"**::{part}")]
    checkout.must(checkout.pulumi("up", "--stack", "dev", "--yes", "--skip-preview", *targets))
    ids = {part: state_of(checkout, f"seed-{part}")["id"] for part in ("server", "address", "firewall")}
    zone, bucket = (
        state_of(checkout, "fleet.example-zone")["id"],
        state_of(checkout, "fleet-example-media-bucket")["id"],
    )
    forget(checkout, "seed", "fleet.example", "fleet-example-media")

    adopting = fleet(**RENAMED, new=by_hand | {"import": ids})
    adopting["machines"]["new"]["provider"] = adopting["machines"]["new"]["provider"] | {
        "server_type": "cx33",
        "image": "debian-12",
    }
    adopting["dns"]["zones"]["fleet.example"] |= {"import": zone, "ttl": 3600}
    adopting["buckets"]["fleet-example-media"] |= {"import": f"simulated/{bucket}", "storage_class": "NEARLINE"}
    write_fleet(checkout, adopting)

    found = operations(checkout)

    taken_over = {"new-server", "new-address", "new-firewall", "fleet.example-zone", "fleet-example-media-bucket"}
    assert {name for name, operation in found.items() if operation == "import"} == taken_over
    assert set(found.values()) == {"import", "create", "update"}
    assert "new-install" not in found
    ran = steps_of(checkout, lambda: checkout.must(checkout.just("up")))
    assert [record.step for record in ran if record.machine == "new"] == ["new-reach", "new-update"]
    assert state_of(checkout, "new-server")["id"] == ids["server"]
    assert checkout.machines()["seed"]["installs"] == 0, "the cloud knows it by the name it had"
    assert operations(checkout) == {}


def test_its_settings_are_brought_in_line_once_the_word_is_gone(checkout: Checkout) -> None:
    path = checkout.root / "stacks" / "dev.yaml"
    settled = yaml.safe_load(path.read_text())
    del settled["machines"]["new"]["import"]
    del settled["dns"]["zones"]["fleet.example"]["import"]
    del settled["buckets"]["fleet-example-media"]["import"]
    write_fleet(checkout, settled)

    found = operations(checkout)

    assert set(found.values()) == {"update"}
    assert {"new-server", "fleet.example-zone", "fleet-example-media-bucket"} <= set(found)
    assert "new-install" not in found


def forget(checkout: Checkout, *beginnings: str) -> None:
    """Takes resources out of the engine's state; they go on existing."""
    exported = json.loads(checkout.must(checkout.pulumi("stack", "export", "--stack", "dev")))
    kept = [
        item
        for item in exported["deployment"]["resources"]
        if not item["urn"].rpartition("::")[2].startswith(beginnings)
    ]
    assert len(kept) < len(exported["deployment"]["resources"])
    exported["deployment"]["resources"] = kept
    file = checkout.root.parent / "state.json"
    file.write_text(json.dumps(exported))
    checkout.must(checkout.pulumi("stack", "import", "--stack", "dev", "--file", str(file)))
