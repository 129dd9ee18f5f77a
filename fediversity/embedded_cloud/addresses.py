"""Allocates addresses for the embedded cloud.

IPv4 addresses are loopback addresses. IPv6 networks are unique local addresses on which nothing listens.
"""

import ipaddress
import secrets
from collections.abc import Collection

IPV4_RANGE = ipaddress.IPv4Network("127.64.0.0/10")
"""Linux answers on all of 127.0.0.0/8; this range avoids the addresses that people use by hand."""


def random_ipv4(taken: Collection[str]) -> str:
    """Returns a free address of `IPV4_RANGE` that cannot be mistaken for a network or broadcast address."""
    while True:
        address = IPV4_RANGE[secrets.randbelow(IPV4_RANGE.num_addresses)]
        if address.packed[-1] not in (0, 255) and str(address) not in taken:
            return str(address)


def random_ipv6_network() -> str:
    """Returns a /64 network in fd00::/8 with a random global id (RFC 4193)."""
    prefix = bytes([0xFD]) + secrets.token_bytes(7)
    return str(ipaddress.IPv6Network((int.from_bytes(prefix, "big") << 64, 64)))
