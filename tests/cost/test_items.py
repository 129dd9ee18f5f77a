"""From a fleet, and from a state, to what a cloud bills: both in the same form."""

from typing import Any

from fediversity.cost.deployed import as_data, deployed_items, from_data
from fediversity.cost.fleet_items import fleet_items, outside, switched_off
from fediversity.fleet.load import parse_fleet
from fediversity.fleet.providers.billing import Item
from tests.fleet.good import GOOD, edited

FLEET = parse_fleet(GOOD, "fleet.yaml")


def resource(type_: str, name: str, /, **outputs: Any) -> dict[str, Any]:
    """A resource as the engine writes it into its state."""
    return {"urn": f"urn:pulumi:dev::fediversity::{type_}::{name}", "type": type_, "custom": True, "outputs": outputs}


STATE = [
    {"urn": "urn:pulumi:dev::fediversity::pulumi:pulumi:Stack::fediversity-dev", "type": "pulumi:pulumi:Stack"},
    resource("hcloud:index/server:Server", "oak-server", serverType="cx23", location="fsn1"),
    resource("hcloud:index/primaryIp:PrimaryIp", "oak-address", type="ipv4", location="fsn1"),
    resource("hcloud:index/firewall:Firewall", "oak-firewall", name="oak"),
    resource(
        "gcp:compute/instance:Instance",
        "elm-server",
        machineType="t2a-standard-1",
        zone="us-central1-a",
        bootDisk={"initializeParams": {"size": 30.0, "type": "pd-balanced", "image": "debian-cloud/debian-12"}},
    ),
    resource("gcp:compute/address:Address", "elm-address", region="us-central1"),
    resource("hcloud:index/zone:Zone", "garden.example-zone", name="garden.example"),
    resource("gcp:dns/managedZone:ManagedZone", "social.example-zone", name="social-example"),
    resource("gcp:dns/managedZone:ManagedZone", "kids.garden.example-zone", name="kids-garden-example"),
    resource("hcloud:index/zone:Zone", "100.51.198.in-addr.arpa-zone", name="100.51.198.in-addr.arpa"),
    resource("gcp:storage/bucket:Bucket", "garden-media-bucket", location="EUROPE-WEST1", storageClass="STANDARD"),
]


def test_a_fleet_is_billed_for_its_enabled_cloud_machines_its_zones_and_its_buckets() -> None:
    assert [str(item) for item in fleet_items(FLEET)] == [
        "server cx23 in fsn1",
        "ipv4 in fsn1",
        "server t2a-standard-1 in us-central1",
        "disk pd-balanced 30 GB in us-central1",
        "ipv4 in us-central1",
        "zone",
        "zone",
        "zone",
        "zone",
        "bucket STANDARD in europe-west1",
    ]


def test_a_switched_off_machine_costs_nothing_and_is_named() -> None:
    assert switched_off(FLEET) == ("yew",)
    assert "yew" not in {item.owner for item in fleet_items(FLEET)}
    on = parse_fleet(edited("enabled: false\n    machineClass", "machineClass"), "fleet.yaml")
    assert switched_off(on) == ()
    assert Item("yew", "server", "hetzner", "cpx21", "hel1") in fleet_items(on)


def test_macs_and_machines_of_others_are_outside() -> None:
    assert outside(FLEET) == ("ash", "moss", "fern")


def test_the_state_of_a_rolled_out_fleet_holds_what_the_fleet_is_billed_for() -> None:
    assert set(deployed_items(STATE)) == set(fleet_items(FLEET))


def test_what_the_cloud_answered_counts_more_than_what_was_asked_for() -> None:
    server = resource("hcloud:index/server:Server", "oak-server", serverType="cx33", location="")
    server["inputs"] = {"serverType": "cx23", "location": "nbg1"}
    assert deployed_items([server]) == (Item("oak", "server", "hetzner", "cx33", "nbg1"),)


def test_what_waits_for_its_deletion_is_left_out() -> None:
    old = resource("hcloud:index/server:Server", "oak-server", serverType="cx53", location="fsn1") | {"delete": True}
    assert deployed_items([old]) == ()


def test_google_may_answer_with_urls() -> None:
    base = "https://www.googleapis.com/compute/v1/projects/garden-project"
    found = deployed_items(
        [
            resource(
                "gcp:compute/instance:Instance",
                "elm-server",
                machineType=f"{base}/machineTypes/n1-standard-8",
                zone=f"{base}/zones/us-central1-a",
                guestAccelerators=[{"type": f"{base}/acceleratorTypes/nvidia-tesla-t4", "count": 2}],
            ),
            resource("gcp:compute/address:Address", "elm-address", region=f"{base}/regions/us-central1"),
            resource("gcp:compute/disk:Disk", "elm-disk-data", type="pd-ssd", zone="us-central1-a", size=200),
            resource("hcloud:index/volume:Volume", "oak-volume-data", location="fsn1", size=50.0),
            resource("hcloud:index/primaryIp:PrimaryIp", "oak-address-v6", type="ipv6", location="fsn1"),
        ]
    )
    assert [str(item) for item in found] == [
        "server n1-standard-8 in us-central1",
        "2 accelerator nvidia-tesla-t4 in us-central1",
        "ipv4 in us-central1",
        "disk pd-ssd 200 GB in us-central1",
        "volume 50 GB in fsn1",
    ], "an IPv6 network is free"
    assert [item.owner for item in found] == ["elm", "elm", "elm", "elm", "oak"]


RICH = edited(
    "      image: debian-12\n",
    "      image: debian-12\n      backups: true\n      volumes: {data: {size_gb: 50}}\n",
    edited(
        "      machine_type: t2a-standard-1\n      zone: us-central1-a\n      disk_gb: 30\n",
        "      machine_type: n1-standard-8\n      zone: us-central1-a\n      disk_gb: 30\n      disk_type: pd-ssd\n"
        "      disks: {data: {size_gb: 200}}\n      accelerator: {type: nvidia-tesla-t4, count: 2}\n",
        edited("aarch64-linux\n    tags: [cloud]", "x86_64-linux\n    tags: [cloud]"),
    ),
)


def test_backups_volumes_disks_accelerators_and_keys_are_billed_in_both_forms() -> None:
    text = RICH.replace("project: garden-project", "project: garden-project\n  keys: {media: {location: europe-west1}}")
    items = fleet_items(parse_fleet(text, "fleet.yaml"))
    assert [str(item) for item in items][:9] == [
        "server cx23 in fsn1",
        "backup cx23 in fsn1",
        "ipv4 in fsn1",
        "volume 50 GB in fsn1",
        "server n1-standard-8 in us-central1",
        "2 accelerator nvidia-tesla-t4 in us-central1",
        "disk pd-ssd 30 GB in us-central1",
        "disk pd-balanced 200 GB in us-central1",
        "ipv4 in us-central1",
    ]
    state = [
        resource("hcloud:index/server:Server", "oak-server", serverType="cx23", location="fsn1", backups=True),
        resource("hcloud:index/volume:Volume", "oak-volume-data", location="fsn1", size=50),
        resource(
            "gcp:compute/instance:Instance",
            "elm-server",
            machineType="n1-standard-8",
            zone="us-central1-a",
            bootDisk={"initializeParams": {"size": 30, "type": "pd-ssd"}},
            guestAccelerators=[{"type": "nvidia-tesla-t4", "count": 2}],
        ),
        resource("gcp:compute/disk:Disk", "elm-disk-data", type="pd-balanced", zone="us-central1-a", size=200),
        resource(
            "gcp:kms/cryptoKey:CryptoKey",
            "media-key",
            keyRing="projects/garden-project/locations/europe-west1/keyRings/garden",
        ),
    ]
    assert set(deployed_items(state)) <= set(items)
    assert Item("media", "key", "gcp", "", "europe-west1") in deployed_items(state)


def test_accelerators_that_come_with_their_machine_are_not_billed_twice() -> None:
    machine = resource(
        "gcp:compute/instance:Instance",
        "elm-server",
        machineType="g2-standard-4",
        zone="us-central1-a",
        guestAccelerators=[{"type": "nvidia-l4", "count": 1}],
    )
    assert [item.kind for item in deployed_items([machine])] == ["server"]


def test_a_state_with_holes_gives_things_without_a_price_and_no_error() -> None:
    broken = [
        resource("hcloud:index/server:Server", "oak-server"),
        resource("gcp:compute/instance:Instance", "elm-server", bootDisk=None, zone={"ciphertext": "x"}),
        {"urn": "urn:x::y", "type": "hcloud:index/volume:Volume", "custom": True},
    ]
    assert [(item.type, item.quantity) for item in deployed_items(broken)] == [("", 1), ("", 1), ("", 0)]


def test_things_survive_being_written_down() -> None:
    items = fleet_items(FLEET)
    assert from_data(as_data(items)) == items
