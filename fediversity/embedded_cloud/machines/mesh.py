"""Simulates ZeroTier: identities, joined networks, and the controller's list of members.

State is stored where the real service keeps it. As with the real service, the controller of a network decides who is
admitted; it is the machine whose node id begins the network id.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fediversity.embedded_cloud.machines.filesystem import Root

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.machine import Machine

LINUX_HOME = "/var/lib/zerotier-one"
DARWIN_HOME = "/Library/Application Support/ZeroTier/One"
VERSION = "1.16.0"
_NODE_DIGITS = 10
NETWORK_DIGITS = 16


def home_of(darwin: bool) -> str:
    """Returns the working folder of the service."""
    return DARWIN_HOME if darwin else LINUX_HOME


def new_identity() -> str:
    """Returns a secret identity: node id, type, public and private key. It is random: nothing computes with it."""
    return f"{secrets.token_hex(_NODE_DIGITS // 2)}:0:{secrets.token_hex(64)}:{secrets.token_hex(64)}"


def install(root: Root, darwin: bool) -> None:
    """Installs the service with a new identity and no network, as its installer does."""
    set_identity(root, home_of(darwin), new_identity())


def set_identity(root: Root, home: str, identity: str) -> None:
    """Sets the identity of the service."""
    root.mkdir(home, 0o700)
    root.write(f"{home}/identity.secret", identity, 0o600)
    root.write(f"{home}/identity.public", identity.rsplit(":", 1)[0])
    root.write(f"{home}/authtoken.secret", secrets.token_hex(12), 0o600)


@dataclass(frozen=True)
class ZeroTierNetwork:
    """A joined network, as `listnetworks` shows it."""

    id: str
    name: str
    status: str
    addresses: tuple[str, ...]


class ZeroTierService:
    """The ZeroTier service of one machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._root = machine.root
        self._home = home_of(machine.is_darwin)

    @property
    def installed(self) -> bool:
        """Whether the service is installed on the machine."""
        return self._root.exists(f"{self._home}/identity.secret")

    @property
    def home(self) -> str:
        """The working folder of the service."""
        return self._home

    @property
    def node(self) -> str:
        """The node id: ten hexadecimal digits."""
        return self._root.text(f"{self._home}/identity.public").split(":")[0]

    def join(self, network: str) -> None:
        """Joins a network and contacts its controller, if that is reachable."""
        self._root.write(f"{self._home}/networks.d/{network}.conf", "")
        self._request(network)

    def leave(self, network: str) -> None:
        """Leaves a network."""
        self._root.remove(f"{self._home}/networks.d/{network}.conf")

    def networks(self) -> list[ZeroTierNetwork]:
        """Returns the joined networks with the current answers of their controllers."""
        names = self._root.names(f"{self._home}/networks.d")
        return [self._request(name.removesuffix(".conf")) for name in names]

    def is_in(self, network: str) -> bool:
        """Returns whether the node is an admitted member of a network."""
        return any(joined.id == network and joined.status == "OK" for joined in self.networks())

    def ping(self, address: ipaddress.IPv6Address) -> bool:
        """Contacts another member by its address in a network and returns whether it answers; this node then knows it
        as a peer.
        """
        node = node_of(str(address))
        for network in self.networks():
            is_member = network.status == "OK" and address == address_in(network.id, node)
            if is_member and (node == self.node or self._machine.site.zerotier_member(network.id, node)):
                self._root.write(f"{self._home}/peers.d/{node}.peer", "")
                return True
        return False

    def peers(self) -> dict[str, Machine | None]:
        """Returns the known nodes, controllers of the joined networks first, each with its machine or None if
        unreachable.
        """
        networks = [network.id for network in self.networks()]
        nodes = [network[:_NODE_DIGITS] for network in networks]
        nodes += [name.removesuffix(".peer") for name in self._root.names(f"{self._home}/peers.d")]
        peers: dict[str, Machine | None] = {}
        for node in nodes:
            if node != self.node:
                members = (self._machine.site.zerotier_member(network, node) for network in networks)
                peers[node] = next((member for member in members if member), None)
        return peers

    def _request(self, network: str) -> ZeroTierNetwork:
        controller = self._machine.site.zerotier_controller(network)
        if controller is None:
            return ZeroTierNetwork(network, "", "REQUESTING_CONFIGURATION", ())
        if not controller.admit(network, self.node):
            return ZeroTierNetwork(network, "", "ACCESS_DENIED", ())
        address = str(address_in(network, self.node))
        return ZeroTierNetwork(network, controller.network_name(network), "OK", (f"{address}/88",))

    def controls(self, network: str) -> bool:
        """Returns whether this node is the controller of a network."""
        return network.startswith(self.node) and self._root.exists(self._config(network))

    def controlled(self) -> list[str]:
        """Returns the networks of which this node is the controller."""
        names = self._root.names(f"{self._home}/controller.d/network")
        return [name.removesuffix(".json") for name in names if name.endswith(".json")]

    def network_name(self, network: str) -> str:
        """Returns the name of a network that this node controls."""
        return str(json.loads(self._root.text(self._config(network)))["name"])

    def admit(self, network: str, node: str) -> bool:
        """Returns whether a node may join. The first request of a node makes it a known, unauthorized member."""
        if not json.loads(self._root.text(self._config(network)))["private"]:
            return True
        members = self.members(network)
        if node not in members:
            self._member(network, node, authorized=False)
        return members.get(node, False)

    def members(self, network: str) -> dict[str, bool]:
        """Returns the members that the controller knows, and whether each is authorized."""
        folder = self._member_folder(network)
        entries = [json.loads(self._root.text(f"{folder}/{name}")) for name in self._root.names(folder)]
        return {entry["id"]: bool(entry["authorized"]) for entry in entries}

    def authorize(self, network: str, node: str) -> None:
        """Authorizes a node."""
        self._member(network, node, authorized=True)

    def configure(self, networks: Iterable[Mapping[str, Any]], controls: Mapping[str, Any], identity: str) -> None:
        """Simulates clan's zerotier service when a system is activated: identity, networks, controller."""
        if not self.installed or self._root.text(f"{self._home}/identity.secret") != identity:
            set_identity(self._root, self._home, identity)
        instances = {entry["network"]: entry["instance"] for entry in networks}
        for name in self._root.names(f"{self._home}/networks.d"):
            if name.removesuffix(".conf") not in instances:
                self._root.remove(f"{self._home}/networks.d/{name}")
        for network, instance in instances.items():
            if instance in controls:
                self._control(network, instance, controls[instance])
            self.join(network)

    def _control(self, network: str, instance: str, settings: Mapping[str, Any]) -> None:
        config = {"id": network, "name": instance, "private": not settings["public"], "objtype": "network"}
        self._root.write(self._config(network), json.dumps(config))
        for node in [self.node, *map(node_of, settings["ips"]), *settings["ids"]]:
            self.authorize(network, node)

    def _config(self, network: str) -> str:
        return f"{self._home}/controller.d/network/{network}.json"

    def _member_folder(self, network: str) -> str:
        return f"{self._home}/controller.d/network/{network}/member"

    def _member(self, network: str, node: str, authorized: bool) -> None:
        text = json.dumps({"id": node, "authorized": authorized, "nwid": network})
        self._root.write(f"{self._member_folder(network)}/{node}.json", text)


def address_in(network: str, node: str) -> ipaddress.IPv6Address:
    """Returns a node's address in a network by ZeroTier's RFC 4193 scheme: fd, the network id, 9993, the node id."""
    return ipaddress.IPv6Address(bytes.fromhex(f"fd{network}9993{node}"))


def node_of(address: str) -> str:
    """Returns the node id in such an address."""
    return ipaddress.IPv6Address(address).packed[-_NODE_DIGITS // 2 :].hex()


def hardware_address(network: str, node: str) -> str:
    """Returns a stable MAC address of the virtual interface (simulated: the real formula is ZeroTier's own)."""
    digest = hashlib.sha256(f"{network}{node}".encode()).digest()
    return ":".join(f"{octet:02x}" for octet in (digest[0] & 0xFE | 0x02, *digest[1:6]))
