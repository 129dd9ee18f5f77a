"""What a fleet's things are called at Hetzner, and how many Hetzner takes; its components and checks share this.

Sources: Hetzner's API documentation and its documents on networks, volumes, firewalls and placement groups, 2026-11.
"""

import ipaddress

PRIVATE_RANGES = tuple(ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""What private networks are made of (RFC 1918)."""
SMALLEST_NETWORK, SMALLEST_SUBNET = 24, 30
"""The longest prefixes."""
LONGEST_VOLUME_NAME = 64
MOST_VOLUMES = 16
"""On one server."""
MOST_IN_A_GROUP = 10
MOST_RULES = 50
"""In one firewall."""
PUBLIC_GATEWAY = "172.31.1.1"
"""The gateway of the servers' public interfaces, which therefore no server can have in a private network."""


def volume_name(machine: str, volume: str) -> str:
    """Returns the name of a machine's volume, unique in the project."""
    return f"{machine}-{volume}"
