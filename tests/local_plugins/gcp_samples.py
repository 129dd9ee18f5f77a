"""Resources of the simulated Google Cloud as tests make them."""

from typing import Any

from tests.local_plugins.world import Made, World

ZONE, REGION = "europe-west3-a", "europe-west3"
ROOT_SCRIPT = "sed -i 's/.*PermitRootLogin.*/PermitRootLogin prohibit-password/' /etc/ssh/sshd_config"


def vm_inputs(address: str | None = None, **inputs: Any) -> dict[str, Any]:
    """The inputs of a small Debian instance with an external address."""
    access = {"natIp": address} if address else {"networkTier": "PREMIUM"}
    wanted: dict[str, Any] = {
        "name": "orb",
        "zone": ZONE,
        "machineType": "e2-standard-2",
        "bootDisk": {"initializeParams": {"image": "debian-cloud/debian-12"}},
        "networkInterfaces": [{"network": "default", "accessConfigs": [access]}],
    }
    return wanted | inputs


def vm(world: World, address: str | None = None, **inputs: Any) -> Made:
    """An instance."""
    return world.make("Instance", **vm_inputs(address, **inputs))


def address(world: World, name: str = "orb", **inputs: Any) -> Made:
    """A static address."""
    return world.make("Address", name=name, **({"region": REGION} | inputs))


def firewall(world: World, name: str = "ssh", **inputs: Any) -> Made:
    """A rule that lets the unlock port in."""
    wanted: dict[str, Any] = {"network": "default", "sourceRanges": ["0.0.0.0/0"]}
    if "denies" not in inputs:
        wanted["allows"] = [{"protocol": "tcp", "ports": ["2223"]}]
    return world.make("Firewall", name=name, **(wanted | inputs))


RIGHT: dict[str, dict[str, Any]] = {
    "Address": {"name": "orb", "region": REGION},
    "Firewall": {"name": "f", "network": "default", "allows": [{"protocol": "tcp"}], "sourceRanges": ["0.0.0.0/0"]},
    "Instance": vm_inputs(),
    "ManagedZone": {"name": "fleet", "dnsName": "fleet.example."},
    "RecordSet": {"name": "www.fleet.example.", "managedZone": "fleet", "type": "A", "rrdatas": ["192.0.2.1"]},
    "Bucket": {"name": "fleet-backups", "location": "EU"},
}
"""Inputs that pass every check, by type."""
