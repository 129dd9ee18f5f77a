"""Machines as they are declared: named, parented, protected, and not to be replaced by accident."""

import pulumi
import pytest

from tests.planning.samples import dev_fleet, every_kind, mac, one_server, server, unchecked
from tests.program.programs import DEV, PRODUCTION, STACKS, declare, dev, production, staging
from tests.program.recording import Recording

HETZNER_SERVER, GCP_SERVER = "hcloud:index/server:Server", "gcp:compute/instance:Instance"
HETZNER_ADDRESS, GCP_ADDRESS = "hcloud:index/primaryIp:PrimaryIp", "gcp:compute/address:Address"

every_stack = pytest.mark.parametrize("stack", STACKS)


def without_comment(key: str) -> str:
    """A public key as clouds get it."""
    return " ".join(key.split()[:2])


def machine_components(recording: Recording) -> dict[str, str]:
    """The class of each machine's component."""
    return {
        entry.name: entry.type.rpartition(":")[2]
        for entry in recording.components
        if entry.type.startswith("fediversity:machines:") and entry.type.endswith("Machine")
    }


@every_stack
def test_each_enabled_machine_is_a_component_of_its_kind(stack: str) -> None:
    assert machine_components(STACKS[stack]()) == {
        "hub": "HetznerMachine",
        "vault": "GcpMachine",
        "legacy": "ExistingMachine",
        "six": "ExistingMachine",
        "laptop": "DarwinMachine",
        "solo": "DarwinMachine",
    }


@every_stack
def test_components_have_type_tokens_of_their_rooms_and_say_when_they_are_finished(stack: str) -> None:
    recording = STACKS[stack]()
    rooms = {"machines", "networks", "dns", "storage", "deployments"}
    for component in recording.components:
        package, room, class_name = component.type.split(":")
        assert (package, room in rooms, class_name[0].isupper()) == ("fediversity", True, True)
        assert component.urn in recording.outputs, f"{component.urn} never registers its outputs"


@every_stack
def test_everything_stands_under_a_component_and_is_named_after_it(stack: str) -> None:
    recording = STACKS[stack]()
    for entry in recording.custom:
        if entry.type == "simulated:index:Site":
            continue
        parent = recording[entry.parent]
        assert parent.type.startswith("fediversity:"), f"{entry.urn} stands under no component"
        if parent.type.startswith("fediversity:deployments:"):
            owner = "fleet" if parent.name == "clan" else parent.name.removesuffix("-clan")
        elif parent.type == "fediversity:machines:HetznerAccess":
            assert entry.name.endswith("-key")
            continue
        else:
            owner = parent.name
        assert entry.name.startswith(f"{owner}-"), f"{entry.name} does not say that it is {owner}'s"


@every_stack
def test_a_disabled_machine_declares_nothing(stack: str) -> None:
    name, recording = "parked", STACKS[stack]()
    assert name in every_kind().machines
    for entry in recording.all:
        assert name not in entry.name
        assert f"'{name}'" not in str(entry.inputs)
    assert name not in recording.stack_outputs["addresses"]


def test_the_spare_of_the_dev_fleet_costs_nothing() -> None:
    recording = declare(dev_fleet(), DEV)
    assert not [entry.urn for entry in recording.all if "electrum" in entry.name or "electrum" in str(entry.inputs)]


@every_stack
def test_a_server_at_hetzner_is_not_replaced_when_its_image_or_its_keys_change(stack: str) -> None:
    found = STACKS[stack]().one(HETZNER_SERVER, "hub-server")
    assert found.ignore_changes == {"image", "userData", "sshKeys"}


@every_stack
def test_an_instance_at_google_is_not_replaced_when_its_image_changes_nor_loses_its_keys(stack: str) -> None:
    found = STACKS[stack]().one(GCP_SERVER, "vault-server")
    assert found.ignore_changes == {"bootDisk.initializeParams.image", "metadata"}


@every_stack
def test_a_server_makes_room_for_its_successor_because_names_are_unique(stack: str) -> None:
    recording = STACKS[stack]()
    assert recording.one(HETZNER_SERVER, "hub-server").delete_before_replace
    assert recording.one(GCP_SERVER, "vault-server").delete_before_replace


@pytest.mark.parametrize(("stack", "protect"), [("production", True), ("staging", False), ("dev", False)])
def test_protection_covers_what_holds_data_in_the_engine_and_at_the_cloud_alike(stack: str, protect: bool) -> None:
    found = STACKS[stack]()
    hub, vault = found.one(HETZNER_SERVER, "hub-server"), found.one(GCP_SERVER, "vault-server")
    address = found.one(HETZNER_ADDRESS, "hub-address")
    zone = found.one("hcloud:index/zone:Zone", "fleet.example-zone")
    assert (hub.protect, hub.inputs["deleteProtection"], hub.inputs["rebuildProtection"]) == (protect,) * 3
    assert (vault.protect, vault.inputs["deletionProtection"]) == (protect, protect)
    assert (address.protect, address.inputs["deleteProtection"]) == (protect, protect)
    assert found.one(GCP_ADDRESS, "vault-address").protect == protect
    assert (zone.protect, zone.inputs["deleteProtection"]) == (protect, protect)
    assert found.one("gcp:dns/managedZone:ManagedZone", "fleet.org-zone").protect == protect
    assert found.one("gcp:storage/bucket:Bucket", "everything-kept-bucket").protect == protect


def test_nothing_else_is_protected() -> None:
    protected = {entry.type.rpartition(":")[2] for entry in production().all if entry.protect}
    at_hetzner = {"Server", "PrimaryIp", "Volume", "Network", "Zone"}
    assert protected == at_hetzner | {"Instance", "Address", "ManagedZone", "Bucket"}
    assert not [entry.urn for entry in (*dev().all, *staging().all) if entry.protect]


def test_a_bucket_that_need_not_keep_its_objects_is_never_protected() -> None:
    bucket = production().one("gcp:storage/bucket:Bucket", "everything-scratch-bucket")
    assert (bucket.protect, bucket.inputs["forceDestroy"]) == (False, True)
    kept = production().one("gcp:storage/bucket:Bucket", "everything-kept-bucket")
    assert kept.inputs["forceDestroy"] is False
    assert (kept.inputs["location"], kept.inputs["publicAccessPrevention"]) == ("EU", "enforced")
    assert kept.inputs["uniformBucketLevelAccess"] is True


@every_stack
def test_an_address_outlives_its_server(stack: str) -> None:
    recording = STACKS[stack]()
    address = recording.one(HETZNER_ADDRESS, "hub-address")
    server_at_hetzner = recording.one(HETZNER_SERVER, "hub-server")
    assert address.inputs["autoDelete"] is False
    assert address.dependencies == frozenset(), "an address that waits for a server goes with it"
    assert address.urn in server_at_hetzner.property_dependencies["publicNets"]
    instance = recording.one(GCP_SERVER, "vault-server")
    assert instance.property_dependencies["networkInterfaces"] == {recording.one(GCP_ADDRESS, "vault-address").urn}


@every_stack
def test_a_server_is_behind_its_firewall_from_the_start(stack: str) -> None:
    recording = STACKS[stack]()
    firewall = recording.one("hcloud:index/firewall:Firewall", "hub-firewall")
    assert recording.one(HETZNER_SERVER, "hub-server").property_dependencies["firewallIds"] == {firewall.urn}


def test_the_firewall_lets_in_ssh_unlocking_zerotier_and_what_the_fleet_file_says() -> None:
    rules = production().one("hcloud:index/firewall:Firewall", "hub-firewall").inputs["rules"]
    everybody = ["0.0.0.0/0", "::/0"]
    assert [(rule["protocol"], rule.get("port"), rule["sourceIps"]) for rule in rules] == [
        ("tcp", "22", everybody),
        ("udp", "9993", everybody),
        ("tcp", "443", everybody),
        ("udp", "8000-8010", ["203.0.113.0/24", "2001:db8::/32"]),
        ("icmp", None, everybody),
    ]
    assert {rule["direction"] for rule in rules} == {"in"}


def test_google_s_firewall_lets_in_the_same_by_ipv4() -> None:
    rules = {entry.name: entry.inputs for entry in production().of_type("gcp:compute/firewall:Firewall")}
    allowed = [(rule["protocol"], rule.get("ports")) for rule in rules["vault-firewall"]["allows"]]
    assert allowed == [("tcp", ["2200"]), ("tcp", ["2201"]), ("udp", ["9993"]), ("icmp", None)]
    assert rules["vault-firewall-0"]["allows"] == [{"protocol": "tcp", "ports": ["443"]}]
    assert rules["vault-firewall-0"]["sourceRanges"] == ["0.0.0.0/0"]
    assert rules["vault-firewall-1"]["allows"] == [{"protocol": "tcp", "ports": ["9000"]}]
    assert rules["vault-firewall-1"]["sourceRanges"] == ["198.51.100.0/24"]
    for rule in rules.values():
        assert rule["sourceRanges"], "without a source everybody may come"
        assert not any(":" in source for source in rule["sourceRanges"])
        assert (rule["targetTags"], rule["direction"]) == (["vault"], "INGRESS")


def test_a_rule_without_an_ipv4_network_never_opens_google_s_firewall_to_everybody() -> None:
    rule = {"protocol": "tcp", "port": "9000", "sources": ["2001:db8::/32"]}
    provider = {"kind": "gcp", "machine_type": "e2-small", "zone": "europe-west1-b", "firewall": [rule]}
    machines = {"vault": server(provider=provider)}
    operators, gcp = every_kind().model_dump()["operators"], {"project": "everything-production"}
    with pytest.raises(ValueError, match="9000 lists no IPv4 network"):
        declare(unchecked({"operators": operators, "gcp": gcp, "machines": machines}), PRODUCTION)


def test_root_logs_in_at_google_with_the_operators_keys_and_without_os_login() -> None:
    metadata = production().one(GCP_SERVER, "vault-server").inputs["metadata"]
    keys = every_kind().operators["operator"].keys
    assert metadata["enable-oslogin"] == "FALSE"
    assert metadata["ssh-keys"].splitlines() == [f"root:{without_comment(key)}" for key in keys]
    assert "PermitRootLogin prohibit-password" in metadata["startup-script"]


def test_hetzner_gets_each_key_once_and_every_server_all_of_them() -> None:
    fleet = unchecked(
        {
            "operators": every_kind().model_dump()["operators"],
            "machines": {"one": server(), "two": server()},
        }
    )
    recording = declare(fleet, PRODUCTION)
    keys = recording.of_type("hcloud:index/sshKey:SshKey")
    written = every_kind().operators["operator"].keys
    assert [key.inputs["publicKey"] for key in keys] == [without_comment(key) for key in written]
    for name in ("one", "two"):
        found = recording.one(HETZNER_SERVER, f"{name}-server")
        assert found.property_dependencies["sshKeys"] == {key.urn for key in keys}


def test_a_simulated_stack_s_own_key_comes_on_top_of_the_operators() -> None:
    names = dev().names("hcloud:index/sshKey:SshKey")
    assert len(names) == 3
    assert "simulated-key" in names


def test_an_edit_of_the_operators_keys_replaces_none_that_stay() -> None:
    def declared(*keys: str) -> dict[str, str]:
        fleet = unchecked({"operators": {"operator": {"keys": keys}}, "machines": {"one": server()}})
        found = declare(fleet, PRODUCTION).of_type("hcloud:index/sshKey:SshKey")
        return {entry.name: entry.inputs["publicKey"] for entry in found}

    first, second = every_kind().operators["operator"].keys
    both = declared(first, second)
    assert declared(second, first) == both
    assert declared(f"{without_comment(first)} another comment", second) == both
    (left,) = declared(second).items()
    assert left in both.items()


def test_labels_say_which_fleet_stack_and_machine_a_resource_belongs_to() -> None:
    for type_, name in (
        (HETZNER_SERVER, "hub"),
        (GCP_SERVER, "vault"),
        (HETZNER_ADDRESS, "hub"),
        (GCP_ADDRESS, "vault"),
    ):
        entry = next(found for found in production().of_type(type_) if found.name.startswith(f"{name}-"))
        assert entry.inputs["labels"] == {"fleet": "everything", "environment": "production", "machine": name}


def test_the_stack_exports_the_address_of_every_machine() -> None:
    assert production().stack_outputs["addresses"] == {
        "hub": "127.64.0.1",
        "vault": "127.64.0.2",
        "legacy": "203.0.113.7",
        "six": "2001:db8::6",
        "laptop": "laptop.mesh",
        "solo": "solo.fleet.example",
    }


def test_a_preview_declares_the_same_resources_with_the_same_edges_though_nothing_is_known() -> None:
    known, unknown = dev(), declare(every_kind(), DEV, preview=True)
    assert {entry.urn for entry in unknown.all} == {entry.urn for entry in known.all}
    for entry in unknown.all:
        assert entry.dependencies == known[entry.urn].dependencies, entry.urn


def test_operators_are_needed_as_soon_as_a_machine_is_created_for_real() -> None:
    fleet = one_server().model_copy(update={"operators": {}})
    with pytest.raises(pulumi.RunError) as refused:
        declare(fleet, PRODUCTION)
    assert str(refused.value) == (
        "stacks/production.yaml: operators: nobody could log in to a new machine\n"
        "    fix: add `operators:` with a name and at least one SSH public key under `keys:`"
    )


def test_operators_are_not_needed_where_nothing_is_created() -> None:
    existing = server(provider={"kind": "existing", "host": "203.0.113.1"})
    recording = declare(unchecked({"machines": {"old": existing, "desk": mac("desk.mesh")}}), PRODUCTION)
    assert sorted(recording.commands) == ["desk-reach", "desk-update", "fleet-vars", "old-reach", "old-update"]


def test_a_simulated_stack_needs_no_operators() -> None:
    recording = declare(one_server().model_copy(update={"operators": {}}), DEV)
    assert recording.names("hcloud:index/sshKey:SshKey") == ["simulated-key"]
