"""Resources of the simulated Hetzner Cloud as tests make them."""

from typing import Any

from tests.local_plugins.world import Made, World

RULE = {"direction": "in", "protocol": "tcp", "port": "22", "sourceIps": ["0.0.0.0/0", "::/0"]}


def server(world: World, name: str = "web", **inputs: Any) -> Made:
    """A server; the small Debian one in Falkenstein unless told otherwise."""
    wanted: dict[str, Any] = {"serverType": "cx22", "image": "debian-12", "location": "fsn1"}
    return world.make("Server", name=name, **(wanted | inputs))


def primary_ip(world: World, name: str = "web", **inputs: Any) -> Made:
    """An address."""
    return world.make("PrimaryIp", name=name, **({"type": "ipv4", "location": "fsn1"} | inputs))
