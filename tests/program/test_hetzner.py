"""Everything of Hetzner's that a fleet file can ask for: declared, labelled, protected, and apart from the server."""

from typing import Any

import pytest

from fediversity.fleet.model import Fleet
from fediversity.program.hetzner.machine import host_of
from tests.planning.samples import every_kind, one_server, server, unchecked
from tests.program.programs import DEV, PRODUCTION, STACKS, declare, dev, production
from tests.program.recording import Recording, Registration

PREFIX = "hcloud:index/"
SERVER, ADDRESS = f"{PREFIX}server:Server", f"{PREFIX}primaryIp:PrimaryIp"
NETWORK, SUBNET, PLACE = (
    f"{PREFIX}{name}" for name in ("network:Network", "networkSubnet:NetworkSubnet", "serverNetwork:ServerNetwork")
)
VOLUME, ATTACHMENT = f"{PREFIX}volume:Volume", f"{PREFIX}volumeAttachment:VolumeAttachment"
GROUP, RDNS = f"{PREFIX}placementGroup:PlacementGroup", f"{PREFIX}rdns:Rdns"

every_stack = pytest.mark.parametrize("stack", STACKS)


def fleet_of(*servers: dict[str, Any], **more: Any) -> Fleet:
    """A fleet of servers at Hetzner with some provider settings each."""
    machines = {}
    for number, provider in enumerate(servers):
        machine = server()
        machines[f"web{number}"] = machine | {"provider": machine["provider"] | provider}
    operators = every_kind().model_dump()["operators"]
    return unchecked({"operators": operators, "machines": machines, **more})


def of_hub(recording: Recording) -> dict[str, Registration]:
    """The resources of the machine hub, by what its name is followed by."""
    component = next(entry for entry in recording.components if (entry.name, entry.type[-7:]) == ("hub", "Machine"))
    return {entry.name.removeprefix("hub-"): entry for entry in recording.children(component.urn)}


@every_stack
def test_a_server_has_all_it_asks_for(stack: str) -> None:
    assert {name: entry.type.rpartition(":")[2] for name, entry in of_hub(STACKS[stack]()).items()} == {
        "firewall": "Firewall",
        "address": "PrimaryIp",
        "address-ipv6": "PrimaryIp",
        "server": "Server",
        "network": "ServerNetwork",
        "volume-data": "Volume",
        "volume-raw": "Volume",
        "attachment-data": "VolumeAttachment",
        "attachment-raw": "VolumeAttachment",
        "rdns": "Rdns",
        "rdns-ipv6": "Rdns",
    }


def test_a_server_that_asks_for_nothing_has_a_firewall_and_two_addresses() -> None:
    recording = declare(one_server(), DEV)
    types = sorted(entry.type.rpartition(":")[2] for entry in recording.all if entry.package == "hcloud")
    assert types == ["Firewall", "PrimaryIp", "PrimaryIp", "Server", "SshKey", "SshKey", "hcloud"]
    inputs = recording.one(SERVER, "solo-server").inputs
    assert "placementGroupId" not in inputs
    assert inputs["backups"] is False


class TestAddresses:
    def test_both_addresses_are_the_server_s_own_and_stand_where_it_does(self) -> None:
        found = of_hub(production())
        for name, kind, called in (("address", "ipv4", "hub-ash"), ("address-ipv6", "ipv6", "hub-ash-ipv6")):
            inputs = found[name].inputs
            assert (inputs["type"], inputs["name"], inputs["location"]) == (kind, called, "ash")
            assert inputs["autoDelete"] is False
            assert found[name].dependencies == frozenset(), "an address that waits for a server goes with it"
            assert not found[name].delete_before_replace
        assert found["server"].property_dependencies["publicNets"] == {
            found["address"].urn,
            found["address-ipv6"].urn,
        }

    def test_the_component_tells_the_address_in_the_ipv6_network_that_the_server_has(self) -> None:
        component = next(entry for entry in dev().components if entry.type.endswith("HetznerMachine"))
        outputs = dev().outputs[component.urn]
        assert (outputs["address"], outputs["addressIpv6"]) == ("127.64.0.1", "fd00:64::1")

    def test_without_ipv6_there_is_neither_address_nor_network(self) -> None:
        recording = declare(fleet_of({"ipv6": False, "rdns": "web.fleet.example"}), PRODUCTION)
        assert recording.names(ADDRESS) == ["web0-address"]
        assert recording.names(RDNS) == ["web0-rdns"]
        (net,) = recording.one(SERVER, "web0-server").inputs["publicNets"]
        assert net.keys() == {"ipv4", "ipv4Enabled", "ipv6Enabled"}
        assert (net["ipv4Enabled"], net["ipv6Enabled"]) == (True, False)
        component = next(entry for entry in recording.components if entry.type.endswith("HetznerMachine"))
        assert recording.outputs[component.urn].keys() == {"address", "serverId"}

    def test_an_encrypted_disk_is_unlocked_again_when_ipv6_comes_or_goes(self) -> None:
        """Hetzner switches a server off to give it another public address."""

        def bound(*, ipv6: bool) -> list[Any]:
            machine = server(disk={"encrypted": True})
            machine["provider"] = machine["provider"] | {"ipv6": ipv6}
            fleet = unchecked({"operators": every_kind().model_dump()["operators"], "machines": {"web": machine}})
            recording = declare(fleet, PRODUCTION)
            server_id = recording.commands["web-unlock"].inputs["triggers"][0]
            return [bound for bound in recording.commands["web-unlock"].inputs["triggers"] if bound != server_id]

        assert bound(ipv6=True) != bound(ipv6=False)

    @every_stack
    def test_reverse_names_lead_back_from_both_addresses_and_wait_for_no_server(self, stack: str) -> None:
        found = of_hub(STACKS[stack]())
        four, six = found["rdns"], found["rdns-ipv6"]
        assert (four.inputs["ipAddress"], six.inputs["ipAddress"]) == ("127.64.0.1", "fd00:64::1")
        assert four.inputs["dnsPtr"] == six.inputs["dnsPtr"] == "hub.fleet.example"
        assert four.dependencies == {found["address"].urn}
        assert six.dependencies == {found["address-ipv6"].urn}


class TestNetworks:
    @every_stack
    def test_a_network_has_its_subnet_and_the_server_its_place_in_it(self, stack: str) -> None:
        recording = STACKS[stack]()
        network, subnet = recording.one(NETWORK, "inside-network"), recording.one(SUBNET, "inside-subnet")
        assert (network.inputs["name"], network.inputs["ipRange"]) == ("inside", "10.8.0.0/16")
        assert subnet.property_dependencies["networkId"] == {network.urn}
        wanted = {"type": "cloud", "networkZone": "us-east", "ipRange": "10.8.1.0/24"}
        assert wanted.items() <= subnet.inputs.items()
        place = of_hub(recording)["network"]
        assert place.property_dependencies["subnetId"] == {subnet.urn}
        assert place.inputs["ip"] == "10.8.1.2"
        assert "networkId" not in place.inputs, "a place is told by its subnet or its network, never both"

    @every_stack
    def test_the_server_itself_knows_nothing_of_its_network(self, stack: str) -> None:
        found = of_hub(STACKS[stack]())["server"]
        assert "networks" not in found.inputs
        networks = set(STACKS[stack]().names(NETWORK)) | set(STACKS[stack]().names(SUBNET))
        assert not [urn for urn in found.dependencies if urn.rpartition("::")[2] in networks]

    def test_a_place_goes_before_its_successor_comes(self) -> None:
        """The provider would take the place that is there for the new one, and then delete it as the old one."""
        assert of_hub(production())["network"].delete_before_replace
        assert production().one(SUBNET, "inside-subnet").delete_before_replace

    def test_the_cloud_chooses_the_address_if_the_file_says_none(self) -> None:
        networks = {"inside": {"zone": "eu-central", "range": "10.0.0.0/16", "subnet": "10.0.1.0/24"}}
        recording = declare(fleet_of({"network": {"name": "inside"}}, networks=networks), PRODUCTION)
        assert "ip" not in recording.one(PLACE, "web0-network").inputs

    def test_a_network_stays_while_its_machines_are_switched_off(self) -> None:
        networks = {"inside": {"zone": "eu-central", "range": "10.0.0.0/16", "subnet": "10.0.1.0/24"}}
        machine = server(enabled=False)
        machine["provider"] = machine["provider"] | {"network": {"name": "inside"}}
        recording = declare(unchecked({"machines": {"web": machine}, "networks": networks}), PRODUCTION)
        assert [entry.type for entry in recording.custom if entry.package == "hcloud"] == [NETWORK, SUBNET]


class TestVolumes:
    @every_stack
    def test_a_volume_is_a_resource_of_its_own_beside_its_attachment(self, stack: str) -> None:
        found = of_hub(STACKS[stack]())
        data, raw = found["volume-data"], found["volume-raw"]
        wanted = {"name": "hub-data", "size": 20, "location": "ash", "format": "ext4"}
        assert wanted.items() <= data.inputs.items()
        assert "format" not in raw.inputs
        assert data.dependencies == frozenset(), "a volume that waits for a server goes with it"
        attachment = found["attachment-data"]
        assert attachment.property_dependencies == {
            "volumeId": {data.urn},
            "serverId": {found["server"].urn},
        }
        assert attachment.delete_before_replace

    def test_a_file_system_that_is_there_is_never_said_to_be_another(self) -> None:
        assert of_hub(production())["volume-data"].ignore_changes == {"format"}

    @pytest.mark.parametrize(("stack", "protect"), [("production", True), ("staging", False), ("dev", False)])
    def test_volumes_networks_and_addresses_are_protected_in_the_engine_and_at_the_cloud_alike(
        self, stack: str, protect: bool
    ) -> None:
        found = of_hub(STACKS[stack]())
        kept = [found["volume-data"], found["volume-raw"], found["address"], found["address-ipv6"]]
        for entry in (*kept, STACKS[stack]().one(NETWORK, "inside-network")):
            assert (entry.protect, entry.inputs["deleteProtection"]) == (protect, protect), entry.urn


class TestGroups:
    def test_a_group_is_made_once_for_all_servers_in_it(self) -> None:
        recording = declare(
            fleet_of({"placement_group": "apart"}, {"placement_group": "apart"}, {"placement_group": "other"}, {}),
            PRODUCTION,
        )
        groups = {entry.name: entry for entry in recording.of_type(GROUP)}
        assert groups.keys() == {"apart-group", "other-group"}
        assert {entry.inputs["type"] for entry in groups.values()} == {"spread"}
        for number, group in enumerate(("apart", "apart", "other")):
            found = recording.one(SERVER, f"web{number}-server")
            assert found.property_dependencies["placementGroupId"] == {groups[f"{group}-group"].urn}
        assert "placementGroupId" not in recording.one(SERVER, "web3-server").inputs

    def test_backups_are_made_where_they_are_asked_for(self) -> None:
        assert of_hub(production())["server"].inputs["backups"] is True


def test_a_snapshot_is_an_image_by_its_number() -> None:
    recording = declare(fleet_of({"image": "4711"}), PRODUCTION)
    found = recording.one(SERVER, "web0-server")
    assert found.inputs["image"] == "4711"
    assert "image" in found.ignore_changes


@every_stack
def test_whatever_takes_labels_says_whose_it_is(stack: str) -> None:
    recording = STACKS[stack]()
    shared = {"fleet": "everything", "environment": stack}
    unlabelled = {SUBNET, PLACE, ATTACHMENT, RDNS}
    for entry in recording.custom:
        if entry.package != "hcloud" or entry.type in unlabelled:
            continue
        machine = {"machine": "hub"} if recording[entry.parent].type.endswith("Machine") else {}
        assert entry.inputs["labels"] == shared | machine, entry.urn


@every_stack
def test_a_machine_is_reached_when_all_of_it_is_there(stack: str) -> None:
    recording = STACKS[stack]()
    wanted = {entry.urn for entry in of_hub(recording).values()}
    assert wanted <= recording.commands["hub-reach"].dependencies


def test_a_preview_knows_no_address_and_declares_the_same() -> None:
    unknown = declare(every_kind(), PRODUCTION, preview=True)
    assert of_hub(unknown).keys() == of_hub(production()).keys()


def test_the_host_in_an_ipv6_network_is_its_first_address() -> None:
    assert host_of("2001:db8:1:2::") == "2001:db8:1:2::1"
