"""What to do when a zone of Google's has no machine left: pure functions over the engine's output."""

import re
from collections.abc import Iterator

from fediversity.fleet.catalogue import GCP_ZONES
from fediversity.fleet.model import Fleet
from fediversity.fleet.providers import GcpProvider

_FULL = "ZONE_RESOURCE_POOL_EXHAUSTED"
_ABOUT_SERVER = re.compile(r"^  \S+ \((?P<machine>.+)-server\):$")
_ABOUT = re.compile(r"^  \S+ \(.+\):$")


def capacity_error_lines(output: str, fleet: Fleet, fleet_file: str) -> list[str]:
    """For each machine that its zone had no room for: where it could stand, and what to write in the fleet file."""
    return [line for machine in _refused(output) for line in _advice(machine, fleet, fleet_file)]


def _refused(output: str) -> list[str]:
    machines: dict[str, None] = {}
    about: str | None = None
    for line in output.splitlines():
        if _ABOUT.match(line):
            server = _ABOUT_SERVER.match(line)
            about = server["machine"] if server else None
        elif about is not None and _FULL in line:
            machines[about] = None
    return list(machines)


def _advice(machine: str, fleet: Fleet, fleet_file: str) -> Iterator[str]:
    entry = fleet.machines.get(machine)
    if entry is None or not isinstance(entry.provider, GcpProvider):
        return
    provider = entry.provider
    others = provider.fallback_zones or tuple(
        sorted(zone for zone in GCP_ZONES if zone.startswith(f"{provider.region}-") and zone != provider.zone)
    )
    yield f"{machine}: the zone {provider.zone} has no {provider.machine_type} left at the moment."
    if provider.disks:
        yield f"    fix: try again later: its disks ({', '.join(provider.disks)}) cannot go to another zone"
    else:
        where = f"machines.{machine}.provider in {fleet_file}"
        yield f"    fix: try again later, or write `zone: {others[0]}` under {where}"
        yield f"    other zones{' that the file names' if provider.fallback_zones else ''}: {', '.join(others)}"
