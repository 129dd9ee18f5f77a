"""The check that a machine is connected to another member of its mesh."""

import json
from ipaddress import IPv6Address
from typing import Any

import pytest

from fediversity.fleet.health_checks import PeerCheck, read_health_checks
from fediversity.steps.job import RolledBackError, StepError
from fediversity.steps.observe.health_checks import check_problem
from fediversity.steps.observe.zerotier_peers import AddressedPeerCheck, look_up_peers
from tests.steps.living import Living
from tests.steps.machines import NEW_SYSTEM, Asked, Network, Said, Script, answers
from tests.steps.site import Site
from tests.steps.test_switch import run

NODE = "a1b2c3d4e5"
ADDRESS = "fd80:56c2:e21c:0:199:93a1:b2c3:d4e5"
PEER = PeerCheck("to hub", "hub", "mesh", timeout=1)
PING = f"ping -c 1 -W 2 {ADDRESS}"
LIST = "zerotier-cli -j listpeers"
VARS = {"hub/zerotier-ip-hub-mesh/ip": f"{ADDRESS}\n"}


def listed(*peers: tuple[str, list[dict[str, Any]]]) -> Said:
    return Said(json.dumps([{"address": node, "role": "LEAF", "paths": paths} for node, paths in peers], indent=1))


ACTIVE = {"active": True, "expired": False, "address": "192.0.2.7/9993"}
CONNECTED = listed(("ffffffffff", []), (NODE, [{"active": False}, ACTIVE]))


def asked(site: Site, network: Network, said: Script) -> tuple[str | None, list[str]]:
    site.clan(vars_=VARS)
    machine = network.machine(answers({PING: Said(status=1), LIST: said}))
    (check,) = look_up_peers(site.context("update", machine, checks=(PEER,)))
    return check_problem(check, site.target(machine), "nixos"), machine.commands


def test_an_active_path_to_the_peer_s_node_is_enough_even_if_it_answers_no_ping(site: Site, network: Network) -> None:
    found, commands = asked(site, network, CONNECTED)

    assert found is None
    assert commands == [PING, LIST], "it is greeted first: without traffic ZeroTier does not know it"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (listed(("ffffffffff", [ACTIVE])), f"to hub: there is no path to its node {NODE}"),
        (listed((NODE, [])), f"to hub: there is no path to its node {NODE}"),
        (listed((NODE, [{"active": False}])), "to hub: none of its 1 paths is active"),
        (listed((NODE, [ACTIVE | {"expired": True}])), "to hub: none of its 1 paths is active"),
        (Said("no JSON"), f"to hub: there is no path to its node {NODE}"),
        (Said("Error connecting to the ZeroTier service\n", status=1), "to hub: Error connecting to the ZeroTier"),
    ],
    ids=["unknown", "relayed", "inactive", "expired", "no-json", "no-service"],
)
def test_without_an_active_path_it_is_said_why(site: Site, network: Network, said: Said, why: str) -> None:
    found, _ = asked(site, network, said)

    assert (found or "").startswith(why)


def test_a_mac_greets_its_peer_by_its_own_command(site: Site, network: Network) -> None:
    machine = network.machine({f"ping6 -c 1 {ADDRESS}": Said(), LIST: CONNECTED})

    check = AddressedPeerCheck(PEER, IPv6Address(ADDRESS))
    assert check_problem(check, site.target(machine), "darwin") is None
    assert machine.commands == [f"ping6 -c 1 {ADDRESS}", LIST]


def test_a_peer_without_an_address_in_its_vars_is_told_before_anything_is_changed(site: Site, network: Network) -> None:
    site.clan(vars_={"hub/zerotier-ip-hub-mesh/ip": "no address"})
    machine = network.machine(answers())

    with pytest.raises(StepError, match="the var zerotier-ip-hub-mesh/ip is no IPv6 address: 'no address'"):
        look_up_peers(site.context("update", machine, checks=(PEER,)))
    assert machine.commands == []


def test_an_update_that_cuts_a_machine_off_from_its_peer_is_taken_back(site: Site, network: Network) -> None:
    living = Living()

    def lists(_: Asked) -> Said:
        return listed() if living.system == NEW_SYSTEM else CONNECTED

    machine = living.machine(network, more={PING: Said(), LIST: lists})
    site.clan(vars_=VARS)

    with pytest.raises(RolledBackError, match=f"to hub: there is no path to its node {NODE}"):
        run(site, machine, living.switched, checks=(PEER,))
    assert living.system != NEW_SYSTEM


def test_a_check_of_a_peer_is_read_with_the_mesh_it_is_in() -> None:
    (check,) = read_health_checks([{"peer": "hub", "instance": "mesh", "timeout": 5}])

    assert check == PeerCheck("the connection to hub over mesh", "hub", "mesh", 5.0)
    assert check.name == "the connection to hub over mesh"
