"""From the engine's state to what a cloud bills for it: the same form as a fleet's, so that both can be compared.

Types and properties are those of Pulumi's hcloud and gcp packages. What a state says is read, never believed to be
whole: a property that is missing leaves the thing without a price.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fediversity.cost.fleet_items import BOOT_DISK
from fediversity.cost.items import Item
from fediversity.fleet.catalogue import gcp_has_gpus

DEFAULT_DISK = "pd-standard"
"""What Compute Engine makes of a disk whose type nobody chose (reference of its API: `initializeParams`)."""

Resource = Mapping[str, Any]


def deployed_items(resources: Iterable[Resource]) -> tuple[Item, ...]:
    """Everything in a state (the `resources` of a deployment) that is billed, in the state's order."""
    return tuple(
        item
        for resource in resources
        if resource.get("custom") and not resource.get("delete") and resource["type"] in _READERS
        for item in _READERS[resource["type"]](_name(resource), {**_filled(resource, "inputs"), **_filled(resource)})
    )


def as_data(items: Iterable[Item]) -> list[dict[str, Any]]:
    """Things as JSON, for keeping."""
    return [dict(vars(item)) for item in items]


def from_data(data: Iterable[Mapping[str, Any]]) -> tuple[Item, ...]:
    """Things out of what `as_data` gave. Raises TypeError if it is something else."""
    return tuple(Item(**entry) for entry in data)


def _name(resource: Resource) -> str:
    return str(resource["urn"]).rsplit("::", 1)[-1]


def _filled(resource: Resource, part: str = "outputs") -> dict[str, Any]:
    return {key: value for key, value in (resource.get(part) or {}).items() if value not in (None, "")}


def _owner(name: str, kind: str) -> str:
    """The machine a resource belongs to: it is named `<machine>-<kind>`, perhaps with more after that."""
    return name.rpartition(f"-{kind}")[0] or name


def _own(name: str, kind: str) -> str:
    """What a machine calls one of its volumes or disks: the resource is named `<machine>-<kind>-<name>`."""
    return name.rpartition(f"-{kind}-")[2]


def _place(found: Mapping[str, Any]) -> str:
    """The region of a thing of Google's, which may be given as a URL, or by a zone in it."""
    if region := str(found.get("region", "")).rpartition("/")[2]:
        return region
    return str(found.get("zone", "")).rpartition("/")[2].rpartition("-")[0]


def _text(found: Mapping[str, Any], key: str) -> str:
    value = found.get(key, "")
    return value.rpartition("/")[2] if isinstance(value, str) else ""


def _hetzner_server(name: str, found: Mapping[str, Any]) -> Iterator[Item]:
    owner, kind, location = _owner(name, "server"), _text(found, "serverType"), _text(found, "location")
    yield Item(owner, "server", "hetzner", kind, location)
    if found.get("backups") is True:
        yield Item(owner, "backup", "hetzner", kind, location)


def _hetzner_address(name: str, found: Mapping[str, Any]) -> Iterator[Item]:
    if found.get("type") != "ipv6":  # which are free
        yield Item(_owner(name, "address"), "ipv4", "hetzner", "", _text(found, "location"))


def _hetzner_volume(name: str, found: Mapping[str, Any]) -> Iterator[Item]:
    owner = _owner(name, "volume")
    size = _whole(found.get("size"))
    yield Item(owner, "volume", "hetzner", "", _text(found, "location"), size, _own(name, "volume"))


def _google_instance(name: str, found: Mapping[str, Any]) -> Iterator[Item]:
    owner, region, kind = _owner(name, "server"), _place(found), _text(found, "machineType")
    yield Item(owner, "server", "gcp", kind, region)
    boot = found.get("bootDisk")
    disk = boot.get("initializeParams") if isinstance(boot, Mapping) else None
    if isinstance(disk, Mapping):
        yield Item(
            owner, "disk", "gcp", str(disk.get("type") or DEFAULT_DISK), region, _whole(disk.get("size")), BOOT_DISK
        )
    for accelerator in () if gcp_has_gpus(kind) else found.get("guestAccelerators") or ():
        if isinstance(accelerator, Mapping):
            count = _whole(accelerator.get("count"))
            yield Item(owner, "accelerator", "gcp", _text(accelerator, "type"), region, count)


def _google_address(name: str, found: Mapping[str, Any]) -> Iterator[Item]:
    yield Item(_owner(name, "address"), "ipv4", "gcp", "", _place(found))


def _google_disk(name: str, found: Mapping[str, Any]) -> Iterator[Item]:
    kind = _text(found, "type") or DEFAULT_DISK
    size = _whole(found.get("size"))
    yield Item(_owner(name, "disk"), "disk", "gcp", kind, _place(found), size, _own(name, "disk"))


def _zone(provider: str) -> Callable[[str, Mapping[str, Any]], Iterator[Item]]:
    def read(name: str, _: Mapping[str, Any]) -> Iterator[Item]:
        yield Item(_owner(name, "zone"), "zone", provider, "", "")

    return read


def _bucket(name: str, found: Mapping[str, Any]) -> Iterator[Item]:
    storage = str(found.get("storageClass") or "STANDARD")
    yield Item(_owner(name, "bucket"), "bucket", "gcp", storage, str(found.get("location", "")).lower())


def _key(name: str, found: Mapping[str, Any]) -> Iterator[Item]:
    # It names its key ring, and that its location: projects/P/locations/L/keyRings/R.
    location = str(found.get("keyRing", "")).partition("/locations/")[2].partition("/")[0]
    yield Item(_owner(name, "key"), "key", "gcp", "", location)


def _whole(value: Any) -> int:
    """A number of a state, which is a float in JSON; 0 where there is none."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0


_READERS: Mapping[str, Callable[[str, Mapping[str, Any]], Iterator[Item]]] = {
    "hcloud:index/server:Server": _hetzner_server,
    "hcloud:index/primaryIp:PrimaryIp": _hetzner_address,
    "hcloud:index/volume:Volume": _hetzner_volume,
    "hcloud:index/zone:Zone": _zone("hetzner"),
    "gcp:compute/instance:Instance": _google_instance,
    "gcp:compute/address:Address": _google_address,
    "gcp:compute/disk:Disk": _google_disk,
    "gcp:dns/managedZone:ManagedZone": _zone("gcp"),
    "gcp:storage/bucket:Bucket": _bucket,
    "gcp:kms/cryptoKey:CryptoKey": _key,
}
