"""Addresses of the embedded cloud: loopback for IPv4, unique local addresses that nothing listens on for IPv6."""

import ipaddress
import secrets
from collections.abc import Collection

IPV4_RANGE = ipaddress.IPv4Network("127.64.0.0/10")
"""Linux answers on all of 127.0.0.0/8; this part is kept clear of what people use by hand."""


def random_ipv4(taken: Collection[str]) -> str:
    """An address of `IPV4_RANGE` that is not taken and that nothing mistakes for a network or broadcast address."""
    while True:
        address = IPV4_RANGE[secrets.randbelow(IPV4_RANGE.num_addresses)]
        if address.packed[-1] not in (0, 255) and str(address) not in taken:
            return str(address)


def random_ipv6_network() -> str:
    """A /64 network out of fd00::/8 with a random global id (RFC 4193)."""
    prefix = bytes([0xFD]) + secrets.token_bytes(7)
    return str(ipaddress.IPv6Network((int.from_bytes(prefix, "big") << 64, 64)))
