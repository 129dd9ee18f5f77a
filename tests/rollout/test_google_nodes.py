"""Nodes of Google Cloud that come and go, as a story with the real engine: a full zone, on, off, and on again."""

from pathlib import Path
from typing import Any

import pytest

from tests.rollout.checkout import Checkout
from tests.rollout.faults import roll_out

pytestmark = pytest.mark.engine

NODE = "scheelite"


def keep_a_node(fleet: dict[str, Any]) -> None:
    """The GPU node with all that it can have and a bucket with a key, beside the mesh's controller."""
    fleet["machines"] = {name: machine for name, machine in fleet["machines"].items() if name in {"cinnabar", NODE}}
    for machine in fleet["machines"].values():
        machine.pop("disk", None)
    node = fleet["machines"][NODE]
    node["enabled"] = True
    node["provider"]["roles"] = ["roles/storage.objectViewer"]
    fleet["gcp"]["keys"] = {"media": {"location": "europe-west1"}}
    fleet["buckets"]["fediversity-dev-media"]["key"] = "media"
    del fleet["deploying_machine"], fleet["deployments"], fleet["dns"]


def disks_in_place_of_other_zones(fleet: dict[str, Any]) -> None:
    """Two disks, now that the node has found its place."""
    del fleet["machines"][NODE]["provider"]["fallback_zones"]
    fleet["machines"][NODE]["provider"]["disks"] = {"models": {"size_gb": 200}}


def switched(*, on: bool) -> Any:
    def change(fleet: dict[str, Any]) -> None:
        fleet["machines"][NODE]["enabled"] = on

    return change


def cloud_resources(checkout: Checkout) -> dict[str, dict[str, Any]]:
    """What the engine has of Google Cloud, by the resource's name."""
    return {
        resource["urn"].rpartition("::")[2]: resource
        for resource in checkout.resources()
        if resource["type"].startswith("gcp:")
    }


def belonging_to(node: str, checkout: Checkout) -> list[str]:
    """Every resource in the engine's state that says the node's name in any way."""
    return [resource["urn"] for resource in checkout.resources() if node in str(resource)]


def identity(checkout: Checkout) -> dict[str, Any]:
    """What makes a node the same one: names, labels, and the host key by which everybody knows it."""
    server = cloud_resources(checkout)[f"{NODE}-server"]["inputs"]
    key = checkout.stack_dir / "cloud/flake/vars/per-machine" / NODE / "openssh/ssh.id_ed25519.pub/value"
    pinned = next(path for path in (checkout.stack_dir / "known_hosts").iterdir() if NODE in path.name)
    return {
        "name": server["name"],
        "labels": server["labels"],
        "host key": key.read_text().strip(),
        "pinned": key.read_text().split()[1] in pinned.read_text(),
    }


known: dict[str, Any] = {}


def test_a_full_zone_is_told_with_the_zones_to_write_instead(checkout: Checkout) -> None:
    checkout.edit_fleet(keep_a_node)
    checkout.must(checkout.local("fault", NODE, "zone-full", "us-central1-f"))

    done = roll_out(checkout)

    assert done.status != 0
    assert "ZONE_RESOURCE_POOL_EXHAUSTED" in done.output
    assert f"write `zone: us-central1-a` under machines.{NODE}.provider in stacks/dev.yaml" in done.output
    assert "other zones that the file names: us-central1-a, us-central1-b" in done.output


def test_in_another_zone_it_comes_up_with_gpu_account_and_key(checkout: Checkout) -> None:
    def move(fleet: dict[str, Any]) -> None:
        fleet["machines"][NODE]["provider"] |= {"zone": "us-central1-a", "fallback_zones": ["us-central1-b"]}

    checkout.edit_fleet(move)
    checkout.must(roll_out(checkout))

    found = cloud_resources(checkout)
    server = found[f"{NODE}-server"]["inputs"]
    assert server["guestAccelerators"] == [{"count": 1, "type": "nvidia-tesla-t4"}]
    assert server["scheduling"]["onHostMaintenance"] == "TERMINATE"
    assert server["serviceAccount"]["email"] == f"{NODE}-host@simulated.iam.gserviceaccount.com"
    bucket = found["fediversity-dev-media-bucket"]["inputs"]
    assert bucket["encryption"]["defaultKmsKeyName"] == found["europe-west1-media"]["id"]
    known.update(identity(checkout))
    assert known["pinned"], "the host key of its vars is not the one that is pinned"


def test_a_disk_is_added_without_replacing_the_node(checkout: Checkout) -> None:
    server = cloud_resources(checkout)[f"{NODE}-server"]["outputs"]["instanceId"]
    checkout.edit_fleet(disks_in_place_of_other_zones)

    checkout.must(roll_out(checkout))

    now = cloud_resources(checkout)
    assert now[f"{NODE}-server"]["outputs"]["instanceId"] == server
    assert now[f"{NODE}-disk-models"]["outputs"]["size"] == 200


def test_switched_off_nothing_that_exists_is_the_node_s(checkout: Checkout) -> None:
    assert belonging_to(NODE, checkout), "the test would find nothing"
    checkout.edit_fleet(switched(on=False))

    checkout.must(roll_out(checkout))

    left = [urn for urn in belonging_to(NODE, checkout) if "::fleet-vars" not in urn]
    assert left == []
    assert set(checkout.machines()) == {"cinnabar"}


def test_switched_on_again_it_is_the_same_node(checkout: Checkout) -> None:
    checkout.edit_fleet(switched(on=True))

    checkout.must(roll_out(checkout))

    assert identity(checkout) == known
    assert checkout.machines()[NODE]["installs"] == 1


def test_destroy_takes_keys_that_can_never_be_deleted_for_gone(checkout: Checkout) -> None:
    checkout.must(checkout.just("destroy"))

    assert not Path(checkout.root / ".fediversity").exists()
