"""What to do when a place of a cloud has no machine left, by the errors in Pulumi's event log."""

from collections.abc import Iterable, Iterator

from fediversity.fleet.model import Fleet
from fediversity.rollout.event_log import Diagnostic, PulumiEvent, resource_name

_SERVER = "-server"


def capacity_error_lines(events: Iterable[PulumiEvent], fleet: Fleet, fleet_file: str) -> list[str]:
    """Returns for each machine that had no room in its place what its provider advises, by the line."""
    names = dict.fromkeys(_refused(events, fleet))
    return [line for name in names for line in fleet.machines[name].provider.when_full(name, fleet_file)]


def _refused(events: Iterable[PulumiEvent], fleet: Fleet) -> Iterator[str]:
    """Yields the machines whose server was refused with the error that their provider has for a full place."""
    for event in events:
        if isinstance(event, Diagnostic) and event.severity == "error":
            name = resource_name(event.urn)
            machine = fleet.machines.get(name.removesuffix(_SERVER)) if name.endswith(_SERVER) else None
            if machine is not None and (full := machine.provider.full_error) and full in event.message:
                yield name.removesuffix(_SERVER)
