"""Firewalls: what may be reached from the whole world."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from fediversity.fleet.diagnostics import Location
from fediversity.policy.resources import Breach, DeclaredResource, Stack
from fediversity.support.constants import ZEROTIER_PORT

_ALL = (1, 65535)
_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_HARMLESS = frozenset({"icmp", "icmpv6"})
_NARROWEST = {4: 8, 6: 16}
"""A network as wide as this, or wider, counts as the world: no one owner has so much."""


@dataclass(frozen=True)
class Opening:
    """Ports of a protocol, `first` to `last`; all of them if the protocol has none."""

    protocol: str
    first: int = _ALL[0]
    last: int = _ALL[1]

    @classmethod
    def of(cls, protocol: str, ports: str | None) -> "Opening":
        """Returns what a rule of a firewall or the fleet file opens: `tcp` and `443`, `8000-8010` or None for all."""
        first, _, last = (ports or "").partition("-")
        if not first.isdecimal():
            return cls(_PROTOCOLS.get(protocol, protocol))
        return cls(_PROTOCOLS.get(protocol, protocol), int(first), int(last or first))

    def covers(self, other: "Opening") -> bool:
        """Returns whether the other is a part of this."""
        return self.protocol == other.protocol and self.first <= other.first and other.last <= self.last

    def __str__(self) -> str:
        if (self.first, self.last) == _ALL:
            return f"{self.protocol}/1-65535" if self.protocol in {"tcp", "udp"} else f"protocol {self.protocol}"
        return f"{self.protocol}/{self.first}" + (f"-{self.last}" if self.last != self.first else "")


def open_ports(declared: DeclaredResource, stack: Stack) -> Iterator[Breach]:
    """Checks that nothing is open to the world but SSH, unlocking, ZeroTier, ping and what the fleet file allows."""
    where = (*declared.where, "provider", "firewall") if declared.machine else declared.where
    firewalls = declared.facts.firewalls
    if firewalls and declared.inputs.get(firewalls, []) == []:
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
    for allowed in declared.facts.traffic(declared.inputs):
        if allowed.sources is None or any(is_world(network) for network in allowed.sources):
            yield Opening.of(allowed.protocol, allowed.ports)


def is_world(text: str) -> bool:
    """Returns whether a network in CIDR form is so wide that it counts as the whole world."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return network.prefixlen <= _NARROWEST[network.version] and not network.is_private
