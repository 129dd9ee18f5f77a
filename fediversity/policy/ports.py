"""Firewalls: what may be reached from the whole world."""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fediversity.fleet.diagnostics import Location
from fediversity.policy.resources import Breach, DeclaredResource, Stack
from fediversity.support.constants import ZEROTIER_PORT

_HCLOUD = "hcloud:index/firewall:Firewall"
_HCLOUD_SERVER = "hcloud:index/server:Server"
_GCP = "gcp:compute/firewall:Firewall"

_ALL = (1, 65535)
_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_HARMLESS = frozenset({"icmp", "icmpv6"})
_NARROWEST = {4: 8, 6: 16}
"""A network as wide as this, or wider, counts as the world: nobody owns it alone."""


@dataclass(frozen=True)
class Opening:
    """Ports of a protocol, `first` to `last`; all of them if the protocol has none."""

    protocol: str
    first: int = _ALL[0]
    last: int = _ALL[1]

    @classmethod
    def of(cls, protocol: str, ports: str | None) -> "Opening":
        """What a rule of a firewall or of the fleet file opens: `tcp` and `443`, `8000-8010` or None for all."""
        first, _, last = (ports or "").partition("-")
        if not first.isdecimal():
            return cls(_PROTOCOLS.get(protocol, protocol))
        return cls(_PROTOCOLS.get(protocol, protocol), int(first), int(last or first))

    def covers(self, other: "Opening") -> bool:
        """Whether the other is a part of this."""
        return self.protocol == other.protocol and self.first <= other.first and other.last <= self.last

    def __str__(self) -> str:
        if (self.first, self.last) == _ALL:
            return f"{self.protocol}/1-65535" if self.protocol in {"tcp", "udp"} else f"protocol {self.protocol}"
        return f"{self.protocol}/{self.first}" + (f"-{self.last}" if self.last != self.first else "")


def open_ports(declared: DeclaredResource, stack: Stack) -> Iterator[Breach]:
    """Nothing is open to the world but SSH, unlocking, ZeroTier, ping and what the fleet file allows."""
    where = (*declared.where, "provider", "firewall") if declared.machine else declared.where
    if declared.type == _HCLOUD_SERVER and declared.inputs.get("firewallIds", []) == []:
        yield Breach("has no firewall in front of it, so everything is open", "put a firewall in front of it", where)
    allowed = _allowed(declared, stack)
    for opening in dict.fromkeys(_open_to_all(declared)):
        if opening.protocol not in _HARMLESS and not any(entry.covers(opening) for entry in allowed):
            yield _breach(opening, where)


def _breach(opening: Opening, where: Location) -> Breach:
    fix = "list `sources:` of the rule, or allow it under `policy.open_ports`"
    return Breach(f"{opening} is open to the whole world", fix, where)


def _allowed(declared: DeclaredResource, stack: Stack) -> list[Opening]:
    allowed = [Opening.of(*_split(entry)) for entry in stack.policy.open_ports]
    machine = stack.machine_of(declared)
    if machine is not None:
        ssh = stack.settings.site.port(machine.ssh.port)
        allowed += [Opening("tcp", ssh, ssh), Opening("udp", ZEROTIER_PORT, ZEROTIER_PORT)]
        if machine.disk.encrypted:
            allowed.append(Opening("tcp", machine.disk.unlock_port, machine.disk.unlock_port))
    return allowed


def _split(entry: str) -> tuple[str, str]:
    protocol, _, ports = entry.partition("/")
    return protocol, ports


def _open_to_all(declared: DeclaredResource) -> Iterator[Opening]:
    if declared.type == _HCLOUD:
        for rule in _list(declared.inputs.get("rules")):
            if rule.get("direction") == "in" and _world(_list(rule.get("sourceIps"))):
                yield Opening.of(rule.get("protocol", "all"), rule.get("port"))
    elif declared.type == _GCP and declared.inputs.get("direction", "INGRESS") == "INGRESS":
        inputs = declared.inputs
        ranges = _list(inputs.get("sourceRanges"))
        # To Google, no source at all means everybody.
        anybody = not ranges and not inputs.get("sourceTags") and not inputs.get("sourceServiceAccounts")
        if anybody or _world(ranges):
            for allow in _list(inputs.get("allows")):
                ports = _list(allow.get("ports")) or [None]
                yield from (Opening.of(str(allow.get("protocol", "all")), port) for port in ports)


def _list(value: Any) -> list[Any]:
    """The items of a list that can be seen."""
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, str | Mapping)]


def _world(networks: list[str]) -> bool:
    return any(is_world(network) for network in networks)


def is_world(text: str) -> bool:
    """Whether a network in CIDR form is so wide that it counts as the whole world."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return network.prefixlen <= _NARROWEST[network.version] and not network.is_private
