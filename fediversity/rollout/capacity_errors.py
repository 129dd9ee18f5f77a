"""What to do when a zone of Google's has no machine left, by the errors in Pulumi's event log."""

from collections.abc import Iterable, Iterator

from fediversity.fleet.catalogue import GCP_ZONES
from fediversity.fleet.model import Fleet
from fediversity.fleet.providers import GcpProvider
from fediversity.rollout.event_log import Diagnostic, PulumiEvent, resource_name

_FULL = "ZONE_RESOURCE_POOL_EXHAUSTED"
_SERVER = "-server"


def capacity_error_lines(events: Iterable[PulumiEvent], fleet: Fleet, fleet_file: str) -> list[str]:
    """For each machine that its zone had no room for: where it could stand, and what to write in the fleet file."""
    return [line for machine in _refused(events) for line in _advice(machine, fleet, fleet_file)]


def _refused(events: Iterable[PulumiEvent]) -> list[str]:
    errors = (event for event in events if isinstance(event, Diagnostic) and event.severity == "error")
    names = dict.fromkeys(resource_name(error.urn) for error in errors if _FULL in error.message)
    return [name.removesuffix(_SERVER) for name in names if name.endswith(_SERVER)]


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
