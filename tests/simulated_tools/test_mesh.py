"""Tests the mesh: which nodes are admitted and when, and the output of the commands."""

import json
from ipaddress import ip_address

import pytest

from tests.simulated_machines.sites import Site, fleet, wait_until

OPEN = fleet()
OPEN["machines"]["ares"] |= {"encrypted": False, "unlockPort": None}


@pytest.fixture
def mesh(site: Site) -> Site:
    """A site without encrypted disks, so that no test must unlock one."""
    site.write_fleet(OPEN)
    return site


def installed(site: Site, name: str) -> None:
    assert site.install(name).returncode == 0
    site.pin(name, site.clan("vars", "get", name, "openssh/ssh.id_ed25519.pub").stdout)
    wait_until(lambda: site.ssh(name, "true", strict=True).returncode == 0, f"{name} answers")


def status(site: Site, name: str, user: str = "root") -> str:
    sudo = "" if user == "root" else "sudo -n "
    lines = site.ssh(name, f"{sudo}zerotier-cli listnetworks", user=user).stdout.splitlines()
    assert lines[0] == "200 listnetworks <nwid> <name> <mac> <status> <type> <dev> <ZT assigned ips>"
    return lines[1].split()[-4]


def test_a_peer_waits_for_its_controller_and_is_admitted_by_it(mesh: Site) -> None:
    mesh.server("ares")
    mesh.server("boreas")
    mesh.clan("vars", "generate")
    installed(mesh, "boreas")
    assert status(mesh, "boreas") == "REQUESTING_CONFIGURATION"
    installed(mesh, "ares")
    assert status(mesh, "ares") == "OK"
    assert status(mesh, "boreas") == "OK"


def test_a_peer_that_is_new_in_the_inventory_is_denied_until_the_controller_is_updated(mesh: Site) -> None:
    late = fleet() | {"machines": dict(OPEN["machines"])}
    boreas = late["machines"].pop("boreas")
    mesh.write_fleet(late)
    mesh.server("ares")
    mesh.server("boreas")
    installed(mesh, "ares")
    mesh.write_fleet(late | {"machines": {**late["machines"], "boreas": boreas}})
    installed(mesh, "boreas")
    assert status(mesh, "boreas") == "ACCESS_DENIED"
    mesh.pin("ares", mesh.clan("vars", "get", "ares", "openssh/ssh.id_ed25519.pub").stdout)
    done = mesh.update("ares")
    assert done.returncode == 0, done.stderr
    assert status(mesh, "boreas") == "OK"


def test_a_mac_joins_and_is_admitted_by_hand(mesh: Site) -> None:
    mesh.server("ares")
    mesh.mac("mac")
    installed(mesh, "ares")
    network = mesh.clan("vars", "get", "ares", "zerotier-network-mesh/network-id").stdout
    node = mesh.ssh("mac", "sudo -n zerotier-cli info", user="crs58").stdout.split()
    assert (node[:2], node[-1]) == (["200", "info"], "ONLINE")
    assert mesh.ssh("mac", f"sudo -n zerotier-cli join {network}", user="crs58").stdout == "200 join OK\n"
    assert status(mesh, "mac", "crs58") == "ACCESS_DENIED"
    members = mesh.ssh("ares", f"zerotier-members --network-id {network} list").stdout
    assert f"{node[2]} " in members
    assert [line.split()[-1] for line in members.splitlines() if line.startswith(node[2])] == ["False"]
    allowed = mesh.ssh("ares", f"zerotier-members --network-id {network} allow {node[2]}")
    assert allowed.stdout == "200 OK\n"
    assert status(mesh, "mac", "crs58") == "OK"
    mesh.pin("ares", mesh.clan("vars", "get", "ares", "openssh/ssh.id_ed25519.pub").stdout)
    assert mesh.update("ares").returncode == 0
    assert status(mesh, "mac", "crs58") == "OK"


def peers(site: Site, name: str) -> dict[str, list[dict[str, object]]]:
    """Returns the paths to the nodes that a machine knows, as its ZeroTier service reports them."""
    return {peer["address"]: peer["paths"] for peer in json.loads(site.ssh(name, "zerotier-cli -j listpeers").stdout)}


def test_a_machine_knows_its_controller_and_whom_it_has_greeted_and_their_paths_while_they_are_on(mesh: Site) -> None:
    everybody = {**OPEN["machines"], "mac": OPEN["machines"]["mac"] | {"mesh": "mesh"}}
    mesh.write_fleet(OPEN | {"machines": everybody})
    mesh.server("ares")
    mesh.server("boreas")
    mesh.mac("mac")
    mesh.clan("vars", "generate")
    installed(mesh, "ares")
    installed(mesh, "boreas")
    address = {name: mesh.clan("vars", "get", name, f"zerotier-ip-{name}-mesh/ip").stdout for name in everybody}
    node = {name: ip_address(text.strip()).exploded.replace(":", "")[-10:] for name, text in address.items()}
    assert [path["active"] for path in peers(mesh, "boreas")[node["ares"]]] == [True]
    assert node["boreas"] not in peers(mesh, "ares"), "ZeroTier does not know whom nobody has talked to"

    assert mesh.ssh("ares", f"ping -c 1 -W 2 {address['boreas']}").returncode == 0
    assert mesh.ssh("ares", f"ping -c 1 -W 2 {address['mac']}").returncode == 1, "the Mac has not joined"
    assert set(peers(mesh, "ares")) == {node["boreas"]}
    assert mesh.ssh("ares", "zerotier-cli listpeers").stdout.splitlines()[0].endswith("<latency> <version> <role>")

    mesh.fault("boreas", "asleep")
    assert peers(mesh, "ares")[node["boreas"]] == []
    assert f"200 listpeers {node['boreas']} - -1 1.16.0 LEAF" in mesh.ssh("ares", "zerotier-cli listpeers").stdout


def test_members_cannot_be_listed_without_naming_the_network(mesh: Site) -> None:
    mesh.server("ares")
    installed(mesh, "ares")
    answer = mesh.ssh("ares", "zerotier-members list")
    assert answer.returncode == 1
    assert answer.stdout == "/etc/zerotier/network-id not found. Pass --network-id or ensure the file exists.\n"


def test_only_root_talks_to_the_service(mesh: Site) -> None:
    mesh.mac("mac")
    answer = mesh.ssh("mac", "zerotier-cli info", user="crs58")
    assert answer.returncode == 2
    assert "try again as root" in answer.stderr


def test_what_is_no_network_id_is_refused(mesh: Site) -> None:
    mesh.mac("mac")
    answer = mesh.ssh("mac", "sudo -n zerotier-cli join abc", user="crs58")
    assert (answer.returncode, answer.stdout) == (2, "invalid network id\n")


def test_the_address_in_the_mesh_is_the_one_of_the_vars(mesh: Site) -> None:
    mesh.server("ares")
    installed(mesh, "ares")
    address = mesh.clan("vars", "get", "ares", "zerotier-ip-ares-mesh/ip").stdout
    assert mesh.ssh("ares", "zerotier-cli listnetworks").stdout.split()[-1] == f"{address}/88"


def test_a_mac_gets_its_identity_from_the_vars_and_is_admitted_by_its_address(mesh: Site) -> None:
    mesh.write_fleet(OPEN | {"machines": {**OPEN["machines"], "mac": OPEN["machines"]["mac"] | {"mesh": "mesh"}}})
    mesh.server("ares")
    mesh.mac("mac")
    mesh.clan("vars", "generate")
    installed(mesh, "ares")
    before = mesh.ssh("mac", "sudo -n zerotier-cli info", user="crs58").stdout.split()[2]
    mesh.pin("mac", mesh.host_key("mac"))
    done = mesh.update("mac", user="crs58")
    assert done.returncode == 0, done.stderr
    assert mesh.ssh("mac", "sudo -n zerotier-cli info", user="crs58").stdout.split()[2] != before
    assert status(mesh, "mac", "crs58") == "OK"
    address = mesh.clan("vars", "get", "mac", "zerotier-ip-mac-mesh/ip").stdout
    assert mesh.ssh("mac", "sudo -n zerotier-cli listnetworks", user="crs58").stdout.split()[-1] == f"{address}/88"
