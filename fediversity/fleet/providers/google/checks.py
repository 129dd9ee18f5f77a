"""What Google Cloud wants of a fleet: a project, names of its own form, IPv4, fitting GPUs and zones, and keys."""

from collections.abc import Iterator

from fediversity.fleet.checks.common import repeated
from fediversity.fleet.diagnostics import Finding, Location, choose
from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.google import catalogue
from fediversity.fleet.providers.google.model import GcpProvider
from fediversity.fleet.providers.google.names import (
    LONGEST_ACCOUNT,
    LONGEST_NAME,
    account_id,
    address_name,
    disk_name,
    firewall_name,
    image_name,
    kms_location,
    zone_name,
)
from fediversity.fleet.providers.network_fields import EVERYBODY


def project(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a fleet with anything in Google Cloud names the project."""
    if fleet.gcp is not None:
        return
    users: list[tuple[Location, str]] = []
    for name, _ in GcpProvider.machines_of(fleet):
        users.append((("machines", name, "provider"), f"the machine '{name}'"))
    for name in _zones(fleet):
        users.append((("dns", "zones", name, "provider"), f"the zone '{name}'"))
    users += [(("buckets", name), f"the bucket '{name}'") for name in fleet.buckets]
    if users:
        where, first = users[0]
        others = f" and {len(users) - 1} more" if len(users) > 1 else ""
        what = f"no Google Cloud project is named, and {first}{others} must live in one"
        yield Finding(where, what, "add `gcp:` with `project:` at the top of the file", absent=("gcp",))


def machine_names(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a machine, its address and its firewalls can be called what they would be called."""
    for name, provider in GcpProvider.machines_of(fleet):
        where = ("machines", name)
        if not name[0].isalpha():
            yield Finding(where, f"Google Cloud takes no instance '{name}'", "begin its name with a letter")
        rules = [firewall_name(name, index) for index in range(len(provider.firewall))]
        others = [disk_name(name, disk) for disk in provider.disks]
        others += [image_name(name, provider.image)] if provider.prepared else []
        longest = max(address_name(name, provider.region), firewall_name(name), *rules, *others, key=len)
        if len(longest) > LONGEST_NAME:
            what = f"Google Cloud would have to take the name '{longest}', which has {len(longest)} characters"
            room = LONGEST_NAME - (len(longest) - len(name))
            yield Finding(where, what, f"shorten the machine's name to {room} characters")


def zone_names(fleet: Fleet) -> Iterator[Finding]:
    """Checks that each zone has a name that Cloud DNS takes, and its own."""
    taken: dict[str, str] = {}
    for domain in _zones(fleet):
        where = ("dns", "zones", domain)
        called = zone_name(domain)
        if called in taken:
            what = f"Cloud DNS would call it '{called}', as it calls '{taken[called]}'"
            yield Finding(where, what, "let Hetzner serve one of the two: `provider: hetzner`")
        elif len(called) > LONGEST_NAME:
            fix = f"Cloud DNS takes {LONGEST_NAME}: let Hetzner serve it, `provider: hetzner`"
            yield Finding(where, f"Cloud DNS would call it '{called}', which has {len(called)} characters", fix)
        taken.setdefault(called, domain)


def sources(fleet: Fleet) -> Iterator[Finding]:
    """Checks that no firewall rule counts on IPv6: machines there have an IPv4 address only."""
    for name, provider in GcpProvider.machines_of(fleet):
        for index, rule in enumerate(provider.firewall):
            lost = [source for source in rule.sources if ":" in source]
            # Where everybody may come, it is understood that they come by IPv4.
            if not lost or set(EVERYBODY) <= set(rule.sources):
                continue
            what = "only IPv6 networks are" if len(lost) == len(rule.sources) else f"the IPv6 network '{lost[0]}' is"
            what += " listed, and a machine at Google Cloud has an IPv4 address only"
            fix = "list IPv4 networks only, or move the machine to Hetzner; everybody is 0.0.0.0/0 and ::/0"
            yield Finding(("machines", name, "provider", "firewall", index, "sources"), what, fix)


def accelerators(fleet: Fleet) -> Iterator[Finding]:
    """Checks that GPUs are of a kind and number that the machine type can have."""
    for name, provider in GcpProvider.machines_of(fleet):
        where: Location = ("machines", name, "provider")
        if provider.accelerator is None:
            continue
        kind, count = provider.accelerator.type, provider.accelerator.count
        family, cores = catalogue.ACCELERATORS[kind], catalogue.ACCELERATOR_CORES[kind]
        if provider.install_type is not None and not provider.install_type.startswith(family):
            what = f"'{provider.install_type}' cannot have the machine's '{kind}'"
            yield Finding((*where, "install_type"), what, f"use one of {', '.join(_types(family))}, or remove it")
        size = catalogue.MACHINE_TYPES[provider.machine_type]
        if not provider.machine_type.startswith(family):
            what = f"'{provider.machine_type}' cannot have a '{kind}'"
            fix = f"use one of {', '.join(_types(family))} as machine_type, or another accelerator"
            yield Finding((*where, "accelerator", "type"), what, fix)
        elif count not in cores:
            what = f"{count} '{kind}' in one instance"
            yield Finding((*where, "accelerator", "count"), what, f"use {' or '.join(map(str, cores))}")
        elif size.cores > cores[count]:
            what = f"'{provider.machine_type}' has {size.cores} virtual CPUs, and with {count} '{kind}' it may have "
            what += str(cores[count])
            more = next((number for number, most in cores.items() if size.cores <= most), None)
            fix = "use a smaller machine_type" + (f", or {more} of them" if more else "")
            yield Finding((*where, "accelerator", "count"), what, fix)


def fallback_zones(fleet: Fleet) -> Iterator[Finding]:
    """Checks that the other zones are others, of the same region, and nothing of the machine is bound to its zone."""
    for name, provider in GcpProvider.machines_of(fleet):
        where: Location = ("machines", name, "provider")
        place = (*where, "fallback_zones")
        yield from repeated(provider.fallback_zones, place)
        for index, zone in enumerate(provider.fallback_zones):
            if zone == provider.zone:
                fix = "remove it: these are the zones to go to when that one is full"
                yield Finding((*place, index), f"'{zone}' is the machine's own zone", fix)
            elif zone.rpartition("-")[0] != provider.region:
                what = f"'{zone}' is not in the region '{provider.region}', where the machine's address is"
                others = sorted(
                    other
                    for other in catalogue.ZONES
                    if other.startswith(f"{provider.region}-") and other != provider.zone
                )
                yield Finding((*place, index), what, f"use {' or '.join(others)}")
        if provider.fallback_zones and provider.disks:
            what = f"the disk '{next(iter(provider.disks))}' stands in '{provider.zone}' and cannot go to another zone"
            yield Finding(place, what, "remove `fallback_zones`, or keep the data elsewhere and remove `disks`")


def disk_names(fleet: Fleet) -> Iterator[Finding]:
    """Checks that no two disks of a zone have one name: boot disks are called like their machines."""
    taken: dict[tuple[str, str], str] = {
        (provider.zone, name): f"the boot disk of '{name}'" for name, provider in GcpProvider.machines_of(fleet)
    }
    for name, provider in GcpProvider.machines_of(fleet):
        where: Location = ("machines", name, "provider")
        for disk in provider.disks:
            called = (provider.zone, disk_name(name, disk))
            if called in taken:
                what = f"Google Cloud would call it '{called[1]}', as {taken[called]}"
                yield Finding((*where, "disks", disk), what, "call the disk something else")
            taken.setdefault(called, f"the disk '{disk}' of '{name}'")


def roles(fleet: Fleet) -> Iterator[Finding]:
    """Checks that roles are given once, and that Google takes the id of the service account."""
    for name, provider in GcpProvider.machines_of(fleet):
        where: Location = ("machines", name, "provider")
        yield from repeated(provider.roles, (*where, "roles"))
        called = account_id(name)
        if provider.roles and len(called) > LONGEST_ACCOUNT:
            what = f"its service account would be '{called}', which has {len(called)} characters"
            fix = f"shorten the machine's name to {LONGEST_ACCOUNT - len(called) + len(name)} characters"
            yield Finding((*where, "roles"), what, fix)


def _types(family: str) -> list[str]:
    return sorted(name for name in catalogue.MACHINE_TYPES if name.startswith(family))


def bucket_keys(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a bucket's key is there, and kept where the bucket lives."""
    keys = fleet.gcp.keys if fleet.gcp is not None else {}
    for name, bucket in fleet.buckets.items():
        if bucket.key is None:
            continue
        where = ("buckets", name, "key")
        if bucket.key not in keys:
            fix = choose(bucket.key, keys)
            yield Finding(where, f"unknown key '{bucket.key}'", fix, absent=("gcp", "keys", bucket.key))
        elif keys[bucket.key].location != bucket.location:
            kept = keys[bucket.key].location
            what = f"the key '{bucket.key}' is kept in '{kept}', and the bucket lives in '{bucket.location}'"
            called = kms_location(bucket.location)
            note = f" (Cloud KMS calls it '{called}')" if called != bucket.location else ""
            yield Finding(where, what, f"use a key with `location: {bucket.location}`{note}, or move the bucket")


def _zones(fleet: Fleet) -> Iterator[str]:
    return (domain for domain, zone in fleet.dns.zones.items() if zone.provider == "gcp")


CHECKS = (
    project,
    machine_names,
    zone_names,
    sources,
    accelerators,
    fallback_zones,
    disk_names,
    roles,
    bucket_keys,
)
