"""Implements `zerotier-cli` (ZeroTier 1.16, one.cpp) and clan's `zerotier-members`, with their output formats."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from fediversity.embedded_cloud.machines import mesh
from fediversity.support.constants import ZEROTIER_PORT

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.call import Call, Command
    from fediversity.embedded_cloud.machines.machine import Machine

_HEADER = "200 listnetworks <nwid> <name> <mac> <status> <type> <dev> <ZT assigned ips>"
_PEERS_HEADER = "200 listpeers <ztaddr> <path> <latency> <version> <role>"
_NETWORK = re.compile(rf"[0-9a-f]{{{mesh.NETWORK_DIGITS}}}")
_NODE = re.compile(r"[0-9a-f]{10}")


async def zerotier_cli(call: Call) -> int:
    """`zerotier-cli [-j] info|listnetworks|listpeers|join ID|leave ID`"""
    service = mesh.ZeroTierService(call.machine)
    if not service.installed:
        call.print_error("zerotier-cli: command not found (simulated machine)")
        return 127
    if not call.is_root:
        return call.fail(f"authtoken.secret not found or readable in {service.home} (try again as root)", 2)
    words = list(call.arguments)
    as_json = "-j" in words
    if as_json:
        words.remove("-j")
    match words:
        case ["info" | "status"]:
            _info(call, service, as_json)
        case ["listnetworks"]:
            _list_networks(call, service, as_json)
        case ["listpeers"]:
            _list_peers(call, service, as_json)
        case ["join" | "leave" as action, network]:
            return _join_or_leave(call, service, action, network)
        case _:
            return call.unsupported()
    return 0


def _info(call: Call, service: mesh.ZeroTierService, as_json: bool) -> None:
    if as_json:
        call.print_out(json.dumps({"address": service.node, "version": mesh.VERSION, "online": True}, indent=1))
    else:
        call.print_out(f"200 info {service.node} {mesh.VERSION} ONLINE")


def _list_networks(call: Call, service: mesh.ZeroTierService, as_json: bool) -> None:
    rows = [_row(call, service, network) for network in service.networks()]
    if as_json:
        call.print_out(json.dumps(rows, indent=1))
        return
    call.print_out(_HEADER)
    for row in rows:
        *columns, addresses = row.values()
        call.print_out(f"200 listnetworks {' '.join(map(str, columns))} {','.join(addresses) or '-'}")


def _row(call: Call, service: mesh.ZeroTierService, network: mesh.ZeroTierNetwork) -> dict[str, str | list[str]]:
    tag = hashlib.sha256(network.id.encode()).hexdigest()
    return {
        "nwid": network.id,
        "name": network.name,
        "mac": mesh.hardware_address(network.id, service.node),
        "status": network.status,
        "type": "PRIVATE",
        "portDeviceName": f"feth{int(tag[:3], 16)}" if call.machine.is_darwin else f"zt{tag[:8]}",
        "assignedAddresses": list(network.addresses),
    }


def _list_peers(call: Call, service: mesh.ZeroTierService, as_json: bool) -> None:
    rows = [_peer(node, machine) for node, machine in service.peers().items()]
    if as_json:
        call.print_out(json.dumps(rows, indent=1))
        return
    call.print_out(_PEERS_HEADER)
    for row in rows:
        path = next((f"{path['address']};0;0" for path in row["paths"]), "-")
        call.print_out(f"200 listpeers {row['address']} {path} {row['latency']} {row['version']} {row['role']}")


def _peer(node: str, machine: Machine | None) -> dict[str, Any]:
    """Returns a peer as the service's own API does. An unreachable machine has no path."""
    path = {"active": True, "expired": False, "preferred": True, "trustedPathId": 0}
    paths = [] if machine is None else [{"address": f"{machine.spec.address}/{ZEROTIER_PORT}", **path}]
    return {
        "address": node,
        "isBonded": False,
        "latency": 1 if paths else -1,
        "paths": paths,
        "role": "LEAF",
        "tunneled": False,
        "version": mesh.VERSION,
    }


def _join_or_leave(call: Call, service: mesh.ZeroTierService, action: str, network: str) -> int:
    if not _NETWORK.fullmatch(network):
        call.print_out("invalid network id")
        return 2
    if action == "join":
        service.join(network)
    else:
        service.leave(network)
    call.print_out(f"200 {action} OK")
    return 0


async def zerotier_members(call: Call) -> int:
    """`zerotier-members --network-id ID list [--no-headers]`, `… allow [--member-ip] NODE|ADDRESS`

    The clan service of 26.05 writes no /etc/zerotier/network-id, so the network id is required.
    """
    service = mesh.ZeroTierService(call.machine)
    if not service.installed or not service.controlled():
        call.print_error("zerotier-members: command not found (simulated machine)")
        return 127
    match call.arguments:
        case ["--network-id", network, *words]:
            return _members(call, service, network, words)
        case ["list" | "allow", *_]:
            call.print_out("/etc/zerotier/network-id not found. Pass --network-id or ensure the file exists.")
            return 1
    call.print_error("usage: zerotier-members [-h] [--network-id NETWORK_ID] {allow,list} ... (simulated)")
    return 2


def _members(call: Call, service: mesh.ZeroTierService, network: str, words: list[str]) -> int:
    if not call.is_root:
        return call.fail(f"[Errno 13] Permission denied: '{service.home}/authtoken.secret'")
    match words:
        case ["list"] | ["list", "--no-headers"]:
            if len(words) == 1:
                call.print_out(f"{'Member ID':<10} {'Ipv6 Address':<39} {'Authorized'}")
            for node, authorized in service.members(network).items():
                call.print_out(f"{node:<10} {mesh.address_in(network, node)!s:<39} {authorized}")
            return 0
        case ["allow", "--member-ip", address]:
            return _allow(call, service, network, mesh.node_of(address))
        case ["allow", node]:
            return _allow(call, service, network, node)
    call.print_error("usage: zerotier-members [-h] [--network-id NETWORK_ID] {allow,list} ... (simulated)")
    return 2


def _allow(call: Call, service: mesh.ZeroTierService, network: str, node: str) -> int:
    if not _NODE.fullmatch(node) or not service.controls(network):
        call.print_out("the zerotier daemon returned this error: 404 Not Found")
        return 1
    service.authorize(network, node)
    call.print_out("200 OK")
    return 0


COMMANDS: dict[str, Command] = {"zerotier-cli": zerotier_cli}
CONTROLLER: dict[str, Command] = {"zerotier-members": zerotier_members}
