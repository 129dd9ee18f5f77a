"""Types of fields that several providers have: hosts, networks, ports, rules of a firewall."""

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from fediversity.fleet.base import Model, fail_validation, form, in_schema, is_address

EVERYBODY = ("0.0.0.0/0", "::/0")
"""The networks everybody is in: IPv4 and IPv6."""

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?")
_PORTS = re.compile(r"[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?")


def _host(value: str) -> str:
    if not _HOST.fullmatch(value) or (":" in value and not is_address(value, 6)):
        fail_validation(f"'{value}' is not a host", "write a host name or an address, without user and port")
    return value


def _cidr(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        fail_validation(f"'{value}' is not a network in CIDR form", _cidr_fix(value))


def _cidr_fix(value: str) -> str:
    try:
        return f"the host part must be zero: write '{ipaddress.ip_network(value, strict=False)}'"
    except ValueError:
        return "write it like 203.0.113.0/24 or 2001:db8::/32; everybody is 0.0.0.0/0 and ::/0"


def _port_range(value: str) -> str:
    numbers = [int(part) for part in value.split("-")] if _PORTS.fullmatch(value) else [0]
    if not all(1 <= number <= 65535 for number in numbers) or numbers != sorted(numbers):
        fail_validation(f"'{value}' is not a port or a range of ports", "write it like '443' or '8000-8010', in quotes")
    return value


Cidr = Annotated[str, AfterValidator(_cidr), in_schema(examples=["203.0.113.0/24", "2001:db8::/32"])]
Host = Annotated[str, AfterValidator(_host), form(_HOST)]
Ports = Annotated[str, AfterValidator(_port_range), form(_PORTS)]


class FirewallRule(Model):
    """Incoming traffic that the cloud's firewall lets through, on top of SSH and ZeroTier."""

    protocol: Literal["tcp", "udp"]
    port: Ports
    """One port ('443') or a range ('8000-8010'), in quotes."""
    sources: tuple[Cidr, ...] = Field(default=EVERYBODY, min_length=1)
    """The networks the traffic may come from; everybody if not given."""
    description: str = ""
