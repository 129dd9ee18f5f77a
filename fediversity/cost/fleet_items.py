"""From a fleet to what a cloud bills for it. What a machine costs, its provider says."""

from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.billing import Item


def fleet_items(fleet: Fleet) -> tuple[Item, ...]:
    """Returns everything of the enabled part of a fleet that is billed, in the file's order."""
    items = [item for name, machine in fleet.enabled_machines.items() for item in machine.provider.billed(name)]
    items += [Item(domain, "zone", zone.provider, "", "") for domain, zone in fleet.dns.zones.items()]
    if fleet.gcp is not None:
        items += [Item(name, "key", "gcp", "", key.location) for name, key in fleet.gcp.keys.items()]
    items += [
        Item(name, "bucket", bucket.provider, bucket.storage_class, bucket.location)
        for name, bucket in fleet.buckets.items()
    ]
    return tuple(items)


def switched_off(fleet: Fleet) -> tuple[str, ...]:
    """Returns the machines that a cloud would bill if they were on."""
    return tuple(name for name, machine in fleet.machines.items() if not machine.enabled and machine.installed_by_us)


def outside(fleet: Fleet) -> tuple[str, ...]:
    """Returns the enabled machines that no cloud bills."""
    return tuple(name for name, machine in fleet.enabled_machines.items() if not machine.installed_by_us)
