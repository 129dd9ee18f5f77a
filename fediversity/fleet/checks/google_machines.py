"""What Compute Engine wants of an instance: GPUs that fit it, zones it can move to, an account of a fitting name."""

from collections.abc import Iterator

from fediversity.fleet import catalogue
from fediversity.fleet.checks.common import repeated
from fediversity.fleet.diagnostics import Finding, Location
from fediversity.fleet.google import LONGEST_ACCOUNT, account_id, disk_name
from fediversity.fleet.model import Fleet
from fediversity.fleet.providers import GcpProvider


def accelerators(fleet: Fleet) -> Iterator[Finding]:
    """GPUs are of a kind and number that the machine type can have."""
    for where, _, provider in _providers(fleet):
        if provider.accelerator is None:
            continue
        kind, count = provider.accelerator.type, provider.accelerator.count
        family, cores = catalogue.GCP_ACCELERATORS[kind], catalogue.GCP_ACCELERATOR_CORES[kind]
        if provider.install_type is not None and not provider.install_type.startswith(family):
            what = f"'{provider.install_type}' cannot have the machine's '{kind}'"
            yield Finding((*where, "install_type"), what, f"use one of {', '.join(_types(family))}, or remove it")
        size = catalogue.GCP_MACHINE_TYPES[provider.machine_type]
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
    """The other zones are others, of the same region, and nothing of the machine is bound to its zone."""
    for where, _, provider in _providers(fleet):
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
                    for other in catalogue.GCP_ZONES
                    if other.startswith(f"{provider.region}-") and other != provider.zone
                )
                yield Finding((*place, index), what, f"use {' or '.join(others)}")
        if provider.fallback_zones and provider.disks:
            what = f"the disk '{next(iter(provider.disks))}' stands in '{provider.zone}' and cannot go to another zone"
            yield Finding(place, what, "remove `fallback_zones`, or keep the data elsewhere and remove `disks`")


def disk_names(fleet: Fleet) -> Iterator[Finding]:
    """No two disks of a zone have one name: boot disks are called like their machines."""
    taken: dict[tuple[str, str], str] = {
        (provider.zone, name): f"the boot disk of '{name}'" for _, name, provider in _providers(fleet)
    }
    for where, name, provider in _providers(fleet):
        for disk in provider.disks:
            called = (provider.zone, disk_name(name, disk))
            if called in taken:
                what = f"Google Cloud would call it '{called[1]}', as {taken[called]}"
                yield Finding((*where, "disks", disk), what, "call the disk something else")
            taken.setdefault(called, f"the disk '{disk}' of '{name}'")


def roles(fleet: Fleet) -> Iterator[Finding]:
    """Roles are given once, to a service account whose id Google takes."""
    for where, name, provider in _providers(fleet):
        yield from repeated(provider.roles, (*where, "roles"))
        called = account_id(name)
        if provider.roles and len(called) > LONGEST_ACCOUNT:
            what = f"its service account would be '{called}', which has {len(called)} characters"
            fix = f"shorten the machine's name to {LONGEST_ACCOUNT - len(called) + len(name)} characters"
            yield Finding((*where, "roles"), what, fix)


def _types(family: str) -> list[str]:
    return sorted(name for name in catalogue.GCP_MACHINE_TYPES if name.startswith(family))


def _providers(fleet: Fleet) -> Iterator[tuple[Location, str, GcpProvider]]:
    for name, machine in fleet.machines.items():
        if isinstance(machine.provider, GcpProvider):
            yield ("machines", name, "provider"), name, machine.provider
