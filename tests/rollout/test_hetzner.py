"""Everything of Hetzner's in one small fleet, as a story: up, nothing to do, edits, a new server, destroy."""

import json
import re
from collections import Counter
from typing import Any

import pytest

from tests.rollout.checkout import Checkout
from tests.rollout.faults import SERVER, steps_of

pytestmark = pytest.mark.engine

CONTROLLER = "cinnabar"


def everything(fleet: dict[str, Any]) -> None:
    """Two servers in one network: one encrypted, one with everything else that Hetzner has."""
    fleet["machines"] = {name: fleet["machines"][name] for name in (CONTROLLER, SERVER)}
    fleet["machines"][SERVER].pop("enabled")
    del fleet["deploying_machine"], fleet["deployments"], fleet["buckets"], fleet["gcp"]
    fleet["networks"] = {"inside": {"zone": "eu-central", "range": "10.7.0.0/16", "subnet": "10.7.1.0/24"}}
    fleet["machines"][CONTROLLER]["provider"] |= {"placement_group": "apart", "network": {"name": "inside"}}
    fleet["machines"][SERVER]["provider"] |= {
        "placement_group": "apart",
        "backups": True,
        "network": {"name": "inside", "address": "10.7.1.20"},
        "volumes": {"data": {"size_gb": 10, "format": "ext4"}, "more": {"size_gb": 20}},
        "rdns": f"{SERVER}.fleet.example",
        "firewall": [{"protocol": "tcp", "port": "443"}],
    }
    records = [{"name": name, "type": "A", "machine": name} for name in (CONTROLLER, SERVER)]
    fleet["dns"]["zones"] = {"fleet.example": {"provider": "hetzner", "records": records}}


def of_hetzner(checkout: Checkout) -> dict[str, dict[str, Any]]:
    """What the engine has of Hetzner's, by name."""
    found = [item for item in checkout.resources() if item["type"].startswith("hcloud:")]
    return {item["urn"].rpartition("::")[2]: item for item in found}


def operations(checkout: Checkout) -> dict[str, str]:
    """What a preview would do to each resource, steps on machines and everything unchanged left out."""
    checkout.must(checkout.run("fediversity", "render", "dev"))
    output = checkout.must(checkout.pulumi("preview", "--stack", "dev", "--json"))
    steps = json.loads(re.sub(r"\A[^{]*", "", output))["steps"]
    changed = [step for step in steps if step["op"] != "same" and "command:local:Command" not in step["urn"]]
    return {step["urn"].rpartition("::")[2]: step["op"] for step in changed}


def test_up_makes_all_of_it(checkout: Checkout) -> None:
    checkout.edit_fleet(everything)

    checkout.must(checkout.just("up"))

    made = of_hetzner(checkout)
    assert Counter(item["type"].rpartition(":")[2] for item in made.values()) == {
        **{"SshKey": 1, "Network": 1, "NetworkSubnet": 1, "PlacementGroup": 1, "Zone": 1, "ZoneRrset": 2},
        **{"Server": 2, "Firewall": 2, "PrimaryIp": 4, "ServerNetwork": 2},
        **{"Volume": 2, "VolumeAttachment": 2, "Rdns": 2},
    }
    assert made[f"{SERVER}-network"]["outputs"]["ip"] == "10.7.1.20"
    assert made[f"{CONTROLLER}-network"]["outputs"]["ip"] == "10.7.1.1"
    six = made[f"{SERVER}-address-ipv6"]["outputs"]
    assert made[f"{SERVER}-server"]["outputs"]["ipv6Network"] == six["ipNetwork"]
    assert made[f"{SERVER}-rdns-ipv6"]["outputs"]["ipAddress"] == f"{six['ipAddress']}1"
    assert {entry["installs"] for entry in checkout.machines().values()} == {1}


def test_a_second_up_and_a_refresh_find_nothing_to_do(checkout: Checkout) -> None:
    for operation in (("up", "--expect-no-changes"), ("refresh",)):
        done = checkout.just(*operation)
        checkout.must(done)
        assert set(checkout.changes(done)) == {"unchanged"}


def test_edits_are_made_in_place_and_only_a_place_in_a_network_is_made_anew(checkout: Checkout) -> None:
    def edit(fleet: dict[str, Any]) -> None:
        provider = fleet["machines"][SERVER]["provider"]
        provider["backups"] = False
        provider["network"]["address"] = "10.7.1.30"
        provider["volumes"]["data"] |= {"size_gb": 40, "format": "xfs"}
        provider["rdns"] = "mail.fleet.example"
        del provider["volumes"]["more"]
        fleet["machines"][CONTROLLER]["provider"]["ipv6"] = False

    checkout.edit_fleet(edit)

    assert operations(checkout) == {
        f"{SERVER}-server": "update",
        f"{SERVER}-network": "replace",
        f"{SERVER}-volume-data": "update",
        f"{SERVER}-volume-more": "delete",
        f"{SERVER}-attachment-more": "delete",
        f"{SERVER}-rdns": "update",
        f"{SERVER}-rdns-ipv6": "update",
        f"{CONTROLLER}-server": "update",
        f"{CONTROLLER}-address-ipv6": "delete",
    }


def test_a_server_whose_ipv6_goes_is_off_for_a_moment_and_unlocked_again(checkout: Checkout) -> None:
    before = {name: entry["id"] for name, entry in checkout.machines().items()}

    ran = steps_of(checkout, lambda: checkout.must(checkout.just("up")))

    assert [record.step for record in ran] == [f"{CONTROLLER}-unlock"]
    assert {record.outcome for record in ran} == {"applied"}
    assert {name: entry["id"] for name, entry in checkout.machines().items()} == before
    assert checkout.machines()[CONTROLLER]["phase"] == "nixos"
    made = of_hetzner(checkout)
    assert made[f"{SERVER}-network"]["outputs"]["ip"] == "10.7.1.30"
    assert made[f"{CONTROLLER}-server"]["outputs"]["ipv6Network"] == ""
    checkout.must(checkout.just("up", "--expect-no-changes"))


def test_addresses_and_volumes_outlive_their_server(checkout: Checkout) -> None:
    before, old = of_hetzner(checkout), checkout.machines()[SERVER]["id"]

    checkout.must(checkout.just("up", "--replace", before[f"{SERVER}-server"]["urn"]))

    after = of_hetzner(checkout)
    assert checkout.machines()[SERVER]["id"] != old
    assert after[f"{SERVER}-server"]["id"] != before[f"{SERVER}-server"]["id"]
    for kept in ("address", "address-ipv6", "volume-data", "rdns", "rdns-ipv6", "firewall"):
        assert after[f"{SERVER}-{kept}"]["id"] == before[f"{SERVER}-{kept}"]["id"], kept
    new = int(after[f"{SERVER}-server"]["id"])
    for hung in ("network", "attachment-data"):
        assert after[f"{SERVER}-{hung}"]["outputs"]["serverId"] == new, hung
    assert after[f"{SERVER}-network"]["outputs"]["ip"] == "10.7.1.30"
    assert checkout.machines()[SERVER]["installs"] == 1


def test_a_server_that_moves_gets_other_addresses_and_volumes_and_keeps_its_place(checkout: Checkout) -> None:
    before = of_hetzner(checkout)

    def move(fleet: dict[str, Any]) -> None:
        fleet["machines"][SERVER]["provider"]["location"] = "nbg1"

    checkout.edit_fleet(move)
    ran = steps_of(checkout, lambda: checkout.must(checkout.just("up")))

    after = of_hetzner(checkout)
    parts = ("server", "address", "address-ipv6", "volume-data", "attachment-data", "network", "rdns", "rdns-ipv6")
    assert [part for part in parts if after[f"{SERVER}-{part}"]["id"] == before[f"{SERVER}-{part}"]["id"]] == []
    assert after[f"{SERVER}-network"]["outputs"]["ip"] == "10.7.1.30"
    assert after[f"{SERVER}-volume-data"]["outputs"]["location"] == "nbg1"
    (record,) = after[f"fleet.example-{SERVER}-A"]["outputs"]["records"]
    assert record["value"] == after[f"{SERVER}-address"]["outputs"]["ipAddress"]
    assert f"{SERVER}-install" in [record.step for record in ran]
    assert f"{CONTROLLER}-install" not in [record.step for record in ran]


def test_what_the_cloud_would_refuse_is_said_before_anything_is_changed(checkout: Checkout) -> None:
    def shrink(fleet: dict[str, Any]) -> None:
        fleet["machines"][SERVER]["provider"]["volumes"]["data"]["size_gb"] = 20

    checkout.edit_fleet(shrink)
    shown, done = checkout.just("preview"), checkout.just("up")

    assert (shown.status, done.status) == (1, 1)
    for output in (shown.output, done.output):
        assert "the volume electrum-data (" in output
        assert "has 40 GB and cannot shrink to 20" in output
    assert "`up` would refuse this" in shown.output
    assert "1 change the cloud never makes; nothing was changed." in done.output
    assert of_hetzner(checkout)[f"{SERVER}-volume-data"]["outputs"]["size"] == 40


def test_destroy_finds_an_order_that_the_cloud_takes(checkout: Checkout) -> None:
    checkout.must(checkout.just("destroy"))

    assert checkout.processes() == []
    assert not (checkout.root / ".fediversity").exists()
    assert not [resource for resource in checkout.resources() if resource["type"] != "pulumi:pulumi:Stack"]
