"""What Google bills of a state: readers for each resource type that costs something.

A property that is missing in the state leaves the thing without a price.
"""

from collections.abc import Iterator, Mapping

from fediversity.fleet.providers.billing import Item, State, last_part, own_name, owner_of, whole
from fediversity.fleet.providers.google.catalogue import has_gpus

BOOT_DISK = "boot"
"""What the boot disk of an instance is called in an estimate."""
DEFAULT_DISK = "pd-standard"
"""What Compute Engine makes of a disk without a chosen type (reference of its API: `initializeParams`)."""


def instance(name: str, found: State) -> Iterator[Item]:
    """Yields an instance, its boot disk and its GPUs."""
    owner, region, kind = owner_of(name, "server"), _region(found), last_part(found, "machineType")
    yield Item(owner, "server", "gcp", kind, region)
    boot = found.get("bootDisk")
    disk = boot.get("initializeParams") if isinstance(boot, Mapping) else None
    if isinstance(disk, Mapping):
        size = whole(disk.get("size"))
        yield Item(owner, "disk", "gcp", str(disk.get("type") or DEFAULT_DISK), region, size, BOOT_DISK)
    for accelerator in () if has_gpus(kind) else found.get("guestAccelerators") or ():
        if isinstance(accelerator, Mapping):
            count = whole(accelerator.get("count"))
            yield Item(owner, "accelerator", "gcp", last_part(accelerator, "type"), region, count)


def address(name: str, found: State) -> Iterator[Item]:
    """Yields a static address."""
    yield Item(owner_of(name, "address"), "ipv4", "gcp", "", _region(found))


def disk(name: str, found: State) -> Iterator[Item]:
    """Yields a disk beside the boot disk."""
    kind, size = last_part(found, "type") or DEFAULT_DISK, whole(found.get("size"))
    yield Item(owner_of(name, "disk"), "disk", "gcp", kind, _region(found), size, own_name(name, "disk"))


def zone(name: str, found: State) -> Iterator[Item]:
    """Yields a DNS zone."""
    del found
    yield Item(owner_of(name, "zone"), "zone", "gcp", "", "")


def bucket(name: str, found: State) -> Iterator[Item]:
    """Yields a bucket."""
    storage = str(found.get("storageClass") or "STANDARD")
    yield Item(owner_of(name, "bucket"), "bucket", "gcp", storage, str(found.get("location", "")).lower())


def key(name: str, found: State) -> Iterator[Item]:
    """Yields a key. Its location stands in the name of its key ring: projects/P/locations/L/keyRings/R."""
    location = str(found.get("keyRing", "")).partition("/locations/")[2].partition("/")[0]
    yield Item(owner_of(name, "key"), "key", "gcp", "", location)


def _region(found: State) -> str:
    """Returns the region of a resource, which may be given as a URL, or by a zone in it."""
    if region := last_part({"region": str(found.get("region", ""))}, "region"):
        return region
    return str(found.get("zone", "")).rpartition("/")[2].rpartition("-")[0]
