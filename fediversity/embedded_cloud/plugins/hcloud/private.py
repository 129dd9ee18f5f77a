"""Implements Hetzner's private networks: networks, subnets and server attachments."""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from fediversity.embedded_cloud.plugins import labels
from fediversity.embedded_cloud.plugins.cloud import CloudResource
from fediversity.embedded_cloud.plugins.hcloud import rules
from fediversity.embedded_cloud.plugins.hcloud.attachments import of_server
from fediversity.embedded_cloud.plugins.hcloud.facts import NETWORK, NETWORK_SUBNET, SERVER, SERVER_NETWORK
from fediversity.embedded_cloud.plugins.problems import CloudError, Problem, api_error, not_simulated
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import Record, Session
from fediversity.fleet.providers.hetzner.catalogue import NETWORK_ZONES
from fediversity.fleet.providers.hetzner.names import PUBLIC_GATEWAY, SMALLEST_NETWORK, SMALLEST_SUBNET

_PUBLIC_GATEWAY = IPv4Address(PUBLIC_GATEWAY)


class PrivateNetwork(CloudResource):
    """A private network. Deleting it detaches its servers and deletes its subnets."""

    def rules(self, inputs: Values) -> Iterable[Problem]:
        yield from rules.label_problems(inputs)
        yield from rules.private_range("ipRange", inputs.get("ipRange"), SMALLEST_NETWORK)

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        return api_error(f'the network name "{inputs["name"]}" is already used', "uniqueness_error", "already_exists")

    def outputs(self, session: Session, record: Record) -> Values:
        del session
        return {"labels": record.inputs.get("labels", {})}

    def check_deletable(self, session: Session, record: Record) -> None:
        del session
        if record.inputs.get("deleteProtection"):
            raise api_error(f'network "{record.name}" is protected against deletion', "protected")

    def release(self, session: Session, record: Record) -> None:
        for part in [*_subnets(session, record.id), *_attached(session, record.id)]:
            session.remove(part)


class NetworkSubnet(CloudResource):
    """A part of a network from which servers of one network zone get their addresses."""

    def rules(self, inputs: Values) -> Iterable[Problem]:
        yield from rules.one_of("type", inputs.get("type"), {"cloud", "server", "vswitch"}, "a type of subnet")
        if inputs.get("type") == "vswitch":
            yield not_simulated("type", "there is no vSwitch")
        yield from rules.one_of("networkZone", inputs.get("networkZone"), NETWORK_ZONES, "a network zone")
        yield from rules.private_range("ipRange", inputs.get("ipRange"), SMALLEST_SUBNET)

    def unique_key(self, session: Session, inputs: Mapping[str, Any]) -> tuple[str, str]:
        del session
        return str(inputs["networkId"]), str(inputs["ipRange"])

    def new_id(self, session: Session, inputs: Mapping[str, Any], scope: str, name: str) -> str:
        del session, inputs
        return f"{scope}-{name}"

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        message = f"network {inputs['networkId']} has a subnet {inputs['ipRange']} already"
        return api_error(message, "invalid_input", "already_exists")

    def check_rules(self, session: Session, inputs: Mapping[str, Any], current: Record | None) -> None:
        network = _network(session, inputs["networkId"])
        own, whole = IPv4Network(inputs["ipRange"]), IPv4Network(network.inputs["ipRange"])
        if not own.subnet_of(whole):
            raise api_error(f'the subnet {own} is not inside network "{network.name}", {whole}', "invalid_input")
        for other in _subnets(session, network.id):
            if current is not None and other.id == current.id:
                continue
            if own.overlaps(IPv4Network(other.name)):
                raise api_error(f"the subnet {own} overlaps with {other.name}", "invalid_input")
            if other.inputs["networkZone"] != inputs["networkZone"]:
                message = f'network "{network.name}" has subnets in the zone {other.inputs["networkZone"]} already'
                raise api_error(message, "invalid_input")

    def outputs(self, session: Session, record: Record) -> Values:
        network = IPv4Network(_network(session, record.scope).inputs["ipRange"])
        return {"gateway": str(network[1])}

    def check_deletable(self, session: Session, record: Record) -> None:
        own = IPv4Network(record.name)
        attached = [place for place in _attached(session, record.scope) if IPv4Address(place.facts["ip"]) in own]
        if attached:
            message = f"cannot remove subnet {record.name} because servers are attached to it"
            raise api_error(message, "service_error")


class ServerNetwork(CloudResource):
    """A server's attachment to a network. The real provider adopts an attachment that already exists."""

    def rules(self, inputs: Values) -> Iterable[Problem]:
        if ("networkId" in inputs) is ("subnetId" in inputs):
            yield Problem("", "needs exactly one of networkId and subnetId")
        subnet = inputs.get("subnetId")
        if isinstance(subnet, str) and _parse_subnet(subnet) is None:
            yield Problem("subnetId", f'"{subnet}" is not a subnet id; write it like 4711-10.0.1.0/24')
        yield from rules.ipv4_address("ip", inputs.get("ip"))
        aliases = inputs.get("aliasIps")
        for index, alias in enumerate(aliases if isinstance(aliases, list) else ()):
            yield from rules.ipv4_address(f"aliasIps[{index}]", alias)

    def unique_key(self, session: Session, inputs: Mapping[str, Any]) -> tuple[str, str]:
        del session
        return "", f"{inputs['serverId']}-{_network_id(inputs)}"

    def new_id(self, session: Session, inputs: Mapping[str, Any], scope: str, name: str) -> str:
        del session, inputs, scope
        return name

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        message = f"server {inputs['serverId']} is attached to network {_network_id(inputs)} already"
        return api_error(message, "server_already_attached", "already_exists")

    def check_rules(self, session: Session, inputs: Mapping[str, Any], current: Record | None) -> None:
        network = _network(session, _network_id(inputs))
        whole = IPv4Network(network.inputs["ipRange"])
        for other in of_server(session, SERVER_NETWORK, inputs["serverId"]):
            range_ = IPv4Network(_network(session, _network_id(other.inputs)).inputs["ipRange"])
            if (current is None or other.id != current.id) and range_.overlaps(whole):
                raise api_error(f"{whole} overlaps with {range_}, a network of the server", "networks_overlap")
        subnets = self._subnets(session, inputs)
        wanted = [*([inputs["ip"]] if "ip" in inputs else ()), *inputs.get("aliasIps", ())]
        free = _FreeAddresses(session, network, None if current is None else current.id)
        for address in wanted:
            if not any(free.has(subnet, IPv4Address(address)) for subnet in subnets):
                raise api_error(f'the address {address} is not available in network "{network.name}"', _NO_IP)
        if len(set(wanted)) < len(wanted):
            raise api_error(f'an address of network "{network.name}" is asked for twice', _NO_IP)

    def initial_facts(self, session: Session, inputs: Mapping[str, Any], id_: str) -> Values:
        del id_
        number = session.number()
        facts = {"mac": ":".join(["86:00:00", *(f"{number >> bits & 0xFF:02x}" for bits in (16, 8, 0))])}
        if "ip" in inputs:
            return facts | {"ip": inputs["ip"]}
        network = _network(session, _network_id(inputs))
        free, reserved = _FreeAddresses(session, network, None), set(inputs.get("aliasIps", ()))
        # Without an address, Hetzner uses the last subnet of the server's zone.
        for address in self._subnets(session, inputs)[-1].hosts():
            if str(address) not in reserved and free.is_free(address):
                return facts | {"ip": str(address)}
        raise api_error(f'no address is left in network "{network.name}"', "no_subnet_available")

    def outputs(self, session: Session, record: Record) -> Values:
        del session
        return {
            "aliasIps": record.inputs.get("aliasIps", []),
            "ip": record.facts["ip"],
            "macAddress": record.facts["mac"],
            "networkId": int(_network_id(record.inputs)),
        }

    @staticmethod
    def _subnets(session: Session, inputs: Mapping[str, Any]) -> list[IPv4Network]:
        """Returns the sorted subnets in which the server may have an address. Raises CloudError if there is none."""
        server = session.get(SERVER, str(inputs["serverId"]))
        if server is None:
            raise api_error(f"server {inputs['serverId']} not found", "not_found", "not_found")
        found = [*_subnets(session, _network_id(inputs))]
        if "subnetId" in inputs:
            found = [subnet for subnet in found if subnet.id == inputs["subnetId"]]
        location = server.facts["location"]
        zones = {zone for zone, places in NETWORK_ZONES.items() if location in places}
        fitting = [IPv4Network(subnet.name) for subnet in found if subnet.inputs["networkZone"] in zones]
        if not fitting:
            message = f"no such subnet is in the network zone of {location}, where the server stands"
            raise api_error(message, "no_subnet_available")
        return sorted(fitting)


_NO_IP = "ip_not_available"


class _FreeAddresses:
    """The free addresses of a network; `current` is the id of the attachment being changed."""

    def __init__(self, session: Session, network: Record, current: str | None) -> None:
        others = [place for place in _attached(session, network.id) if place.id != current]
        self._taken = {
            IPv4Address(text) for place in others for text in (place.facts["ip"], *place.inputs.get("aliasIps", ()))
        }
        self._taken |= {IPv4Network(network.inputs["ipRange"])[1], _PUBLIC_GATEWAY}

    def is_free(self, address: IPv4Address) -> bool:
        """Returns whether no server has the address and it is not a gateway of the network or of public interfaces."""
        return address not in self._taken

    def has(self, subnet: IPv4Network, address: IPv4Address) -> bool:
        """Returns whether a server can have the address in a subnet; the first and last address are reserved."""
        ends = {subnet.network_address, subnet.broadcast_address}
        return address in subnet and address not in ends and self.is_free(address)


def _parse_subnet(text: str) -> tuple[str, str] | None:
    """Parses a subnet's id into the network's id and the range. Returns None if it is invalid."""
    number, _, range_ = text.partition("-")
    right = number.isdecimal() and not [*labels.cidr_problems("", range_)]
    return (number, range_) if right else None


def _network_id(inputs: Mapping[str, Any]) -> str:
    if "subnetId" in inputs:
        parsed = _parse_subnet(str(inputs["subnetId"]))
        if parsed is None:
            raise api_error(f"invalid subnet id {inputs['subnetId']}", "invalid_input")
        return parsed[0]
    return str(inputs["networkId"])


def _network(session: Session, id_: object) -> Record:
    found = session.get(NETWORK, str(id_))
    if found is None:
        raise api_error(f"network {id_} not found", "not_found", "not_found")
    return found


def _subnets(session: Session, network_id: str) -> Iterator[Record]:
    return (subnet for subnet in session.all(NETWORK_SUBNET) if subnet.scope == network_id)


def _attached(session: Session, network_id: str) -> Iterator[Record]:
    return (place for place in session.all(SERVER_NETWORK) if _network_id(place.inputs) == network_id)
