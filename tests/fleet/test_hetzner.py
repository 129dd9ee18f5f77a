"""What Hetzner wants of a fleet, where it takes several machines to go wrong."""

from typing import Any

import pytest

from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.hetzner import checks as hetzner
from tests.planning.samples import server, unchecked

NETWORKS = {"inside": {"zone": "eu-central", "range": "10.0.0.0/16", "subnet": "10.0.1.0/29"}}


def fleet_of(*servers: dict[str, Any], names: tuple[str, ...] = (), **more: Any) -> Fleet:
    """A fleet of servers at Hetzner with some provider settings each."""
    machines = {}
    for number, provider in enumerate(servers):
        machine = server(enabled=provider.pop("enabled", True))
        name = names[number] if names else f"web{number}"
        machines[name] = machine | {"provider": machine["provider"] | provider}
    return unchecked({"machines": machines, "networks": NETWORKS, **more})


def test_a_placement_group_has_room_for_ten_servers_that_are_switched_on() -> None:
    servers = [{"placement_group": "apart"} for _ in range(10)]
    assert not [*hetzner.groups(fleet_of(*servers, {"placement_group": "apart", "enabled": False}))]
    (finding,) = hetzner.groups(fleet_of(*servers, {"placement_group": "apart"}, {"placement_group": "apart"}))
    assert finding.where == ("machines", "web10", "provider", "placement_group")
    assert "has 10 servers already" in finding.what


def test_a_subnet_has_room_for_as_many_servers_as_it_has_addresses() -> None:
    """10.0.1.0/29 has eight; its ends are nobody's, and the gateway 10.0.0.1 lies outside."""
    inside = {"network": {"name": "inside"}}
    assert not [*hetzner.network_places(fleet_of(*(dict(inside) for _ in range(6))))]
    (finding,) = hetzner.network_places(fleet_of(*(dict(inside) for _ in range(8))))
    assert (finding.where[1], finding.what) == ("web6", "the subnet '10.0.1.0/29' has room for 6 servers")


@pytest.mark.parametrize(
    ("range_", "subnet", "address", "refused"),
    [
        ("10.0.0.0/16", "10.0.1.0/24", "10.0.1.1", False),
        ("10.0.1.0/24", "10.0.1.0/24", "10.0.1.1", True),
        ("10.0.1.0/24", "10.0.1.128/25", "10.0.1.129", False),
        ("172.16.0.0/12", "172.31.1.0/24", "172.31.1.1", True),
        ("172.16.0.0/12", "172.31.1.0/24", "172.31.1.2", False),
    ],
)
def test_the_gateway_is_the_first_address_of_the_network_not_of_the_subnet(
    range_: str, subnet: str, address: str, refused: bool
) -> None:
    networks = {"inside": {"zone": "eu-central", "range": range_, "subnet": subnet}}
    fleet = fleet_of({"network": {"name": "inside", "address": address}}, networks=networks)
    assert [finding.what for finding in hetzner.network_places(fleet)] == [
        f"'{address}' is the address of a gateway"
    ] * refused


def test_the_same_address_in_two_networks_is_two_addresses() -> None:
    networks = dict.fromkeys(("inside", "outside"), NETWORKS["inside"])
    places = [{"network": {"name": name, "address": "10.0.1.2"}} for name in networks]
    assert not [*hetzner.network_places(fleet_of(*places, networks=networks))]


def test_two_machines_whose_volumes_would_have_one_name_are_told() -> None:
    fleet = fleet_of({"volumes": {"b-c": {"size_gb": 10}}}, {"volumes": {"c": {"size_gb": 10}}}, names=("a", "a-b"))
    (finding,) = hetzner.volumes(fleet)
    assert finding.where == ("machines", "a-b", "provider", "volumes", "c")
    assert finding.what == "Hetzner would call it 'a-b-c', as it calls a volume of 'a'"


def test_a_reverse_name_may_be_one_of_several_machines_behind_it() -> None:
    records = [{"name": "www", "type": "A", "machine": "web1"}]
    zones = {"fleet.example": {"provider": "hetzner", "records": records}}
    fleet = fleet_of({}, {"rdns": "www.fleet.example"}, dns={"zones": zones})
    assert not [*hetzner.reverse_names(fleet)]
    (finding,) = hetzner.reverse_names(fleet_of({"rdns": "www.fleet.example"}, {}, dns={"zones": zones}))
    assert finding.what == "'www.fleet.example' leads to 'web1'"
    nobody = fleet_of({"rdns": "elsewhere.example"}, {}, dns={"zones": zones})
    assert not [*hetzner.reverse_names(nobody)], "what the name leads to is somebody else's business"
