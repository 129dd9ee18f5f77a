"""What a fleet's things are called at Hetzner, and how many Hetzner takes; its components and checks share this.

Sources: Hetzner's API documentation and its documents on networks, volumes, firewalls and placement groups, 2026-11.
"""

LONGEST_VOLUME_NAME = 64
MOST_VOLUMES = 16
"""On one server."""
MOST_IN_A_GROUP = 10
MOST_RULES = 50
"""In one firewall."""
PUBLIC_GATEWAY = "172.31.1.1"
"""The gateway of the servers' public interfaces, which therefore no server can have in a private network."""


def volume_name(machine: str, volume: str) -> str:
    """The name of a machine's volume, unique in the project."""
    return f"{machine}-{volume}"
