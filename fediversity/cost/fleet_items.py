"""From a fleet to what a cloud bills for it. The one place to extend when a fleet file learns of more that costs."""

from collections.abc import Iterator

from fediversity.cost.items import Item
from fediversity.fleet.catalogue import gcp_has_gpus
from fediversity.fleet.machines import Machine
from fediversity.fleet.model import Fleet
from fediversity.fleet.providers import GcpProvider, HetznerProvider

BOOT_DISK = "boot"


def fleet_items(fleet: Fleet) -> tuple[Item, ...]:
    """Everything of the enabled part of a fleet that is billed, in the file's order."""
    items = [item for name, machine in fleet.enabled_machines.items() for item in _machine(name, machine)]
    items += [Item(domain, "zone", zone.provider, "", "") for domain, zone in fleet.dns.zones.items()]
    if fleet.gcp is not None:
        items += [Item(name, "key", "gcp", "", key.location) for name, key in fleet.gcp.keys.items()]
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
            yield from _hetzner(name, hetzner)
        case GcpProvider() as gcp:
            yield from _google(name, gcp)


def _hetzner(name: str, wanted: HetznerProvider) -> Iterator[Item]:
    yield Item(name, "server", "hetzner", wanted.server_type, wanted.location)
    if wanted.backups:
        yield Item(name, "backup", "hetzner", wanted.server_type, wanted.location)
    yield Item(name, "ipv4", "hetzner", "", wanted.location)
    for volume, size in wanted.volumes.items():
        yield Item(name, "volume", "hetzner", "", wanted.location, size.size_gb, volume)


def _google(name: str, wanted: GcpProvider) -> Iterator[Item]:
    region = wanted.region
    yield Item(name, "server", "gcp", wanted.machine_type, region)
    if wanted.accelerator is not None and not gcp_has_gpus(wanted.machine_type):
        yield Item(name, "accelerator", "gcp", wanted.accelerator.type, region, wanted.accelerator.count)
    yield Item(name, "disk", "gcp", wanted.disk_type, region, wanted.disk_gb, BOOT_DISK)
    for disk, size in wanted.disks.items():
        yield Item(name, "disk", "gcp", size.type, region, size.size_gb, disk)
    yield Item(name, "ipv4", "gcp", "", region)
