"""Creates sample resources of the simulated Hetzner Cloud."""

from typing import Any

from tests.simulated_plugins.world import Made, World

RULE = {"direction": "in", "protocol": "tcp", "port": "22", "sourceIps": ["0.0.0.0/0", "::/0"]}


def server(world: World, name: str = "web", **inputs: Any) -> Made:
    """Creates a server, by default a small Debian one in Falkenstein."""
    wanted: dict[str, Any] = {"serverType": "cx22", "image": "debian-12", "location": "fsn1"}
    return world.make("Server", name=name, **(wanted | inputs))


def primary_ip(world: World, name: str = "web", **inputs: Any) -> Made:
    """Creates a primary IP."""
    return world.make("PrimaryIp", name=name, **({"type": "ipv4", "location": "fsn1"} | inputs))


def network(world: World, name: str = "inside", **inputs: Any) -> Made:
    """Creates a private network."""
    return world.make("Network", name=name, **({"ipRange": "10.0.0.0/16"} | inputs))


def subnet(world: World, of: Made, **inputs: Any) -> Made:
    """Creates a subnet, by default in Europe."""
    wanted = {"networkId": int(of.id), "type": "cloud", "networkZone": "eu-central", "ipRange": "10.0.1.0/24"}
    return world.make("NetworkSubnet", **(wanted | inputs))


def attached(world: World, server: Made, to: Made, **inputs: Any) -> Made:
    """Attaches a server to a subnet."""
    return world.make("ServerNetwork", serverId=int(server.id), subnetId=to.id, **inputs)


def volume(world: World, name: str = "data", **inputs: Any) -> Made:
    """Creates a volume, by default a small one in Falkenstein."""
    return world.make("Volume", name=name, **({"size": 10, "location": "fsn1"} | inputs))


def put_on(world: World, server: Made, volume: Made) -> Made:
    """Attaches a volume to a server."""
    return world.make("VolumeAttachment", serverId=int(server.id), volumeId=int(volume.id))
