"""From a fleet to what a cloud bills for it. The one place to extend when a fleet file learns of more that costs."""

from collections.abc import Iterator

from fediversity.cost.items import Item
from fediversity.fleet.machines import GcpProvider, HetznerProvider, Machine
from fediversity.fleet.model import Fleet

BOOT_DISK = "boot"
DEFAULT_DISK = "pd-standard"
"""What Compute Engine makes of a boot disk whose type nobody chose (reference of its API: `initializeParams`)."""


def fleet_items(fleet: Fleet) -> tuple[Item, ...]:
    """Everything of the enabled part of a fleet that is billed, in the file's order."""
    items = [item for name, machine in fleet.enabled_machines.items() for item in _machine(name, machine)]
    items += [Item(domain, "zone", zone.provider, "", "") for domain, zone in fleet.dns.zones.items()]
    items += [
        Item(name, "bucket", bucket.provider, bucket.storage_class, bucket.location)
        for name, bucket in fleet.buckets.items()
    ]
    return tuple(items)


def switched_off(fleet: Fleet) -> tuple[str, ...]:
    """The machines that a cloud would bill if they were on."""
    return tuple(name for name, machine in fleet.machines.items() if not machine.enabled and machine.installed_by_us)


def outside(fleet: Fleet) -> tuple[str, ...]:
    """The enabled machines that no cloud bills."""
    return tuple(name for name, machine in fleet.enabled_machines.items() if not machine.installed_by_us)


def _machine(name: str, machine: Machine) -> Iterator[Item]:
    match machine.provider:
        case HetznerProvider() as hetzner:
            yield Item(name, "server", "hetzner", hetzner.server_type, hetzner.location)
            yield Item(name, "ipv4", "hetzner", "", hetzner.location)
        case GcpProvider() as gcp:
            yield Item(name, "server", "gcp", gcp.machine_type, gcp.region)
            yield Item(name, "disk", "gcp", DEFAULT_DISK, gcp.region, gcp.disk_gb, BOOT_DISK)
            yield Item(name, "ipv4", "gcp", "", gcp.region)
