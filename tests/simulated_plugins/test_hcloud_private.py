"""Tests private networks of the simulated Hetzner Cloud: which servers can be attached, with which address."""

from pathlib import Path
from typing import Any

import pytest

from fediversity.embedded_cloud.plugins import diff
from fediversity.embedded_cloud.plugins.problems import CloudError
from tests.simulated_plugins.hcloud_samples import attached, network, server, subnet
from tests.simulated_plugins.world import Made, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, "hcloud")


@pytest.fixture
def inside(world: World) -> Made:
    """Creates the subnet 10.0.1.0/24 of 10.0.0.0/16."""
    return subnet(world, network(world))


class TestNetworks:
    @pytest.mark.parametrize(
        ("type_name", "inputs", "text"),
        [
            ("Network", {"ipRange": "203.0.113.0/24"}, "is not private"),
            ("Network", {"ipRange": "127.0.0.0/8"}, "is not private"),
            ("Network", {"ipRange": "fd00::/64"}, "is not private"),
            ("Network", {"ipRange": "10.0.0.1/16"}, 'did you mean "10.0.0.0/16"?'),
            ("Network", {"ipRange": "10.0.0.0/25"}, "the smallest is a /24"),
            ("Network", {"exposeRoutesToVswitch": True}, "is not simulated"),
            ("Network", {"labels": {"a b": "c"}}, "is not the key of a label"),
            ("Network", {"zone": "eu-central"}, "there is no such property"),
            ("NetworkSubnet", {"type": "clouds"}, 'did you mean "cloud"?'),
            ("NetworkSubnet", {"type": "vswitch"}, "is not simulated"),
            ("NetworkSubnet", {"networkZone": "eu-west"}, "is not a network zone"),
            ("NetworkSubnet", {"ipRange": "10.0.1.0/31"}, "the smallest is a /30"),
            ("NetworkSubnet", {"networkId": "inside"}, "must be a whole number"),
            ("ServerNetwork", {"networkId": 1}, "exactly one of networkId and subnetId"),
            ("ServerNetwork", {"subnetId": None}, "exactly one of networkId and subnetId"),
            ("ServerNetwork", {"subnetId": "10.0.1.0/24"}, "is not a subnet id"),
            ("ServerNetwork", {"ip": "10.0.1"}, "is not an IPv4 address"),
            ("ServerNetwork", {"aliasIps": ["10.0.1.2", "fd00::1"]}, "aliasIps[1]"),
        ],
    )
    def test_bad_inputs_are_refused_by_name(
        self, world: World, type_name: str, inputs: dict[str, Any], text: str
    ) -> None:
        right: dict[str, dict[str, Any]] = {
            "Network": {"name": "inside", "ipRange": "10.0.0.0/16"},
            "NetworkSubnet": {
                "networkId": 1,
                "type": "cloud",
                "networkZone": "eu-central",
                "ipRange": "10.0.1.0/24",
            },
            "ServerNetwork": {"serverId": 1, "subnetId": "2-10.0.1.0/24"},
        }
        assert not world.problems(type_name, **right[type_name])
        given = {name: value for name, value in (right[type_name] | inputs).items() if value is not None}
        (problem,) = world.problems(type_name, **given)
        assert text in problem

    def test_a_subnet_has_the_networks_first_address_as_its_gateway_and_an_id_of_both(self, inside: Made) -> None:
        assert inside["gateway"] == "10.0.0.1"
        assert inside.id == f"{inside['networkId']}-10.0.1.0/24"

    def test_subnets_lie_in_their_network_apart_from_each_other_and_in_one_zone(self, world: World) -> None:
        one = network(world)
        subnet(world, one)
        for inputs, text in (
            ({"ipRange": "10.1.0.0/24"}, "is not inside network"),
            ({"ipRange": "10.0.0.0/23"}, "overlaps with 10.0.1.0/24"),
            ({"ipRange": "10.0.2.0/24", "networkZone": "us-east"}, "in the zone eu-central already"),
            ({}, "has a subnet 10.0.1.0/24 already"),
        ):
            with pytest.raises(CloudError, match=text):
                subnet(world, one, **inputs)
        with pytest.raises(CloudError, match="network 5 not found"):
            world.make("NetworkSubnet", networkId=5, type="cloud", networkZone="eu-central", ipRange="10.0.1.0/24")

    def test_names_of_networks_are_unique_and_a_protected_one_stays(self, world: World) -> None:
        made = network(world, deleteProtection=True)
        with pytest.raises(CloudError, match="uniqueness_error"):
            network(world)
        with pytest.raises(CloudError, match="protected against deletion"):
            made.delete()
        made.update(deleteProtection=False)
        made.delete()
        assert made.read() is None

    def test_a_network_takes_its_subnets_and_places_along(self, world: World, inside: Made) -> None:
        made = server(world)
        place = attached(world, made, inside)
        network_id = str(inside["networkId"])
        world.resource("Network").delete_now(network_id, {})
        assert inside.read() is None
        assert place.read() is None
        place.delete()

    def test_another_range_replaces_a_network_and_everything_replaces_a_subnet(self, world: World) -> None:
        made = network(world)
        other = made.inputs | {"ipRange": "10.0.0.0/15"}
        found = diff.diff_inputs(made.resource.schema, made.inputs, other)
        assert (found.replaces, found.delete_before_replace) == (("ipRange",), True)
        part = subnet(world, made)
        for name, value in (("ipRange", "10.0.2.0/24"), ("networkZone", "us-east"), ("type", "server")):
            changed = diff.diff_inputs(part.resource.schema, part.inputs, part.inputs | {name: value})
            assert changed.replaces == (name,)


class TestServersInNetworks:
    def test_a_server_gets_the_address_it_asks_for_or_the_first_that_is_free(self, world: World, inside: Made) -> None:
        asked = attached(world, server(world, "asked"), inside, ip="10.0.1.2", aliasIps=["10.0.1.3"])
        assert (asked["ip"], asked["aliasIps"]) == ("10.0.1.2", ["10.0.1.3"])
        assert asked["macAddress"].startswith("86:00:00:")
        assert asked.id == f"{asked['serverId']}-{asked['networkId']}"
        assert attached(world, server(world, "first"), inside)["ip"] == "10.0.1.1"
        assert attached(world, server(world, "next"), inside)["ip"] == "10.0.1.4"

    @pytest.mark.parametrize(
        "address",
        ["10.0.0.1", "10.0.2.2", "10.0.1.0", "10.0.1.255", "10.1.1.1"],
        ids=["gateway", "other subnet", "network", "broadcast", "other network"],
    )
    def test_an_address_that_nobody_can_have_is_refused(self, world: World, inside: Made, address: str) -> None:
        made = server(world)
        with pytest.raises(CloudError, match="ip_not_available"):
            attached(world, made, inside, ip=address)
        with pytest.raises(CloudError, match="ip_not_available"):
            attached(world, made, inside, aliasIps=[address])

    def test_the_gateways_of_the_network_and_of_public_interfaces_are_nobodys(self, world: World) -> None:
        whole = network(world, ipRange="172.16.0.0/12")
        first = subnet(world, whole, ipRange="172.16.0.0/24")
        far = subnet(world, whole, ipRange="172.31.1.0/24")
        made = server(world)
        with pytest.raises(CloudError, match="ip_not_available"):
            attached(world, made, first, ip="172.16.0.1")
        with pytest.raises(CloudError, match="ip_not_available"):
            attached(world, made, far, ip="172.31.1.1")
        assert attached(world, made, first)["ip"] == "172.16.0.2"

    def test_an_address_is_one_servers(self, world: World, inside: Made) -> None:
        attached(world, server(world), inside, ip="10.0.1.2", aliasIps=["10.0.1.9"])
        other = server(world, "other")
        for inputs in ({"ip": "10.0.1.2"}, {"ip": "10.0.1.9"}, {"aliasIps": ["10.0.1.2"]}):
            with pytest.raises(CloudError, match="ip_not_available"):
                attached(world, other, inside, **inputs)
        with pytest.raises(CloudError, match="asked for twice"):
            attached(world, other, inside, ip="10.0.1.4", aliasIps=["10.0.1.4"])

    def test_a_server_is_in_a_network_once(self, world: World, inside: Made) -> None:
        made = server(world)
        attached(world, made, inside)
        with pytest.raises(CloudError, match="server_already_attached"):
            attached(world, made, inside, ip="10.0.1.7")

    def test_a_server_takes_no_two_networks_that_overlap(self, world: World, inside: Made) -> None:
        made = server(world)
        attached(world, made, inside)
        again = subnet(world, network(world, "again", ipRange="10.0.0.0/8"), ipRange="10.9.0.0/24")
        with pytest.raises(CloudError, match="networks_overlap"):
            attached(world, made, again)
        apart = subnet(world, network(world, "apart", ipRange="192.168.0.0/24"), ipRange="192.168.0.0/24")
        assert attached(world, made, apart)["ip"] == "192.168.0.2"

    def test_a_server_of_another_network_zone_stays_out(self, world: World, inside: Made) -> None:
        far = server(world, location="ash", serverType="cpx21")
        with pytest.raises(CloudError, match="network zone of ash"):
            attached(world, far, inside)

    def test_both_sides_have_to_exist(self, world: World, inside: Made) -> None:
        with pytest.raises(CloudError, match="server 5 not found"):
            world.make("ServerNetwork", serverId=5, subnetId=inside.id)
        made = server(world)
        with pytest.raises(CloudError, match="network 5 not found"):
            world.make("ServerNetwork", serverId=int(made.id), networkId=5)
        with pytest.raises(CloudError, match="no such subnet"):
            world.make("ServerNetwork", serverId=int(made.id), subnetId=f"{inside['networkId']}-10.0.9.0/24")

    def test_a_network_alone_means_its_last_subnet(self, world: World) -> None:
        whole = network(world)
        subnet(world, whole, ipRange="10.0.9.0/24")
        subnet(world, whole, ipRange="10.0.2.0/24")
        place = world.make("ServerNetwork", serverId=int(server(world).id), networkId=int(whole.id))
        assert place["ip"] == "10.0.9.1"

    def test_a_subnet_that_is_full_is_refused(self, world: World) -> None:
        small = subnet(world, network(world), ipRange="10.0.1.0/30")
        for name in ("one", "two"):
            attached(world, server(world, name), small)
        with pytest.raises(CloudError, match="no_subnet_available"):
            attached(world, server(world, "three"), small)

    def test_further_addresses_change_in_place_and_everything_else_replaces(self, world: World, inside: Made) -> None:
        place = attached(world, server(world), inside, ip="10.0.1.2")
        assert not place.update(aliasIps=["10.0.1.8", "10.0.1.9"]).replaces
        assert not place.update(aliasIps=["10.0.1.9", "10.0.1.8"]).changes, "their order means nothing"
        table = place.resource.schema
        for name, value in (("ip", "10.0.1.3"), ("serverId", 4711), ("subnetId", "1-10.0.2.0/24")):
            assert diff.diff_inputs(table, place.inputs, place.inputs | {name: value}).replaces == (name,)
        without = {name: value for name, value in place.inputs.items() if name != "ip"}
        assert not diff.diff_inputs(table, place.inputs, without).changes, "the address is kept"

    def test_a_subnet_with_servers_is_not_deleted_and_a_server_leaves_when_it_is(
        self, world: World, inside: Made
    ) -> None:
        made = server(world)
        place = attached(world, made, inside)
        with pytest.raises(CloudError, match="servers are attached"):
            inside.delete()
        made.delete()
        assert place.read() is None
        inside.delete()

    def test_what_is_imported_is_found_by_the_ids_of_both(self, world: World, inside: Made) -> None:
        place = attached(world, server(world), inside, ip="10.0.1.2")
        for made in (place, inside):
            state = made.imported(made.id)
            assert state is not None
            assert state.inputs == made.inputs
