"""All record sets of a fleet's zones: the written ones, and those that follow from machines, services and zones."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from fediversity.fleet.diagnostics import Location
from fediversity.fleet.dns_types import RECORD_TYPES, RecordRule, RecordType
from fediversity.fleet.dns_types import address_types as types_of_versions
from fediversity.fleet.machines import Machine
from fediversity.fleet.model import Fleet
from fediversity.fleet.order import resolve_after


@dataclass(frozen=True)
class RecordSet:
    """All records of one name and type in a zone, by name relative to it.

    The content is `values`, the public address of `machine`, or the name servers of the fleet's zone `child`. `where`
    is what asks for it in the fleet file; `made_of` describes that for a set that follows, and is "" for a written one.
    """

    name: str
    type: RecordType
    where: Location
    ttl: int | None = None
    values: tuple[str, ...] = ()
    machine: str | None = None
    child: str | None = None
    made_of: str = ""

    @property
    def rule(self) -> RecordRule:
        """What holds for its type."""
        return RECORD_TYPES[self.type]

    def contradicts(self, other: "RecordSet") -> bool:
        """Whether another set of this name and type says something else."""
        return (self.values, self.machine, self.child) != (other.values, other.machine, other.child)


def complete_name(name: str, domain: str) -> str:
    """Returns the complete name of a record, without the final dot: `git` in `fleet.example` is `git.fleet.example`."""
    return domain if name == "@" else f"{name}.{domain}"


def relative_name(name: str, domain: str) -> str:
    """Returns the name of a record relative to its zone; the zone itself is `@`."""
    return "@" if name == domain else name.removesuffix(f".{domain}")


def zone_of(name: str, zones: Iterable[str]) -> str | None:
    """Returns the zone that answers for a name: the longest that it lies in."""
    holding = [zone for zone in zones if name == zone or name.endswith(f".{zone}")]
    return max(holding, key=len, default=None)


def address_types(machine: Machine) -> tuple[RecordType, ...]:
    """Returns the types of records that can hold the public address of a machine, as far as the fleet knows it."""
    return types_of_versions(machine.provider.address_versions)


def written(fleet: Fleet, domain: str) -> Iterator[RecordSet]:
    """Yields the record sets that the fleet file lists for a zone."""
    for index, record in enumerate(fleet.dns.zones[domain].records):
        where = ("dns", "zones", domain, "records", index)
        yield RecordSet(record.name, record.type, where, record.ttl, record.values, record.machine)


def following(fleet: Fleet, domain: str) -> Iterator[RecordSet]:
    """Yields the record sets that follow from a zone's `hosts` and `services`, and from the fleet's zones inside it."""
    yield from _delegations(fleet, domain)
    zone = fleet.dns.zones[domain]
    for index, entry in enumerate(zone.hosts):
        where: Location = ("dns", "zones", domain, "hosts", index)
        members = resolve_after(fleet, "", [entry])
        for name in (name for name in fleet.enabled_machines if name in members):
            yield from _addresses(fleet, name, name, where, f"`hosts` of '{domain}'")
    if not zone.services:
        return
    for name, deployment in fleet.placed_deployments.items():
        if deployment.enabled and zone_of(deployment.domain, fleet.dns.zones) == domain:
            relative = relative_name(deployment.domain, domain)
            where = ("deployments", name, "domain")
            yield from _addresses(fleet, relative, deployment.machine, where, f"the deployment '{name}'")


def record_sets(fleet: Fleet, domain: str) -> tuple[RecordSet, ...]:
    """Returns every record set of a zone, each name and type once: a written one goes before one that follows."""
    found: dict[tuple[str, str], RecordSet] = {}
    for record in (*written(fleet, domain), *following(fleet, domain)):
        found.setdefault((record.name, record.type), record)
    return tuple(found.values())


def all_record_sets(fleet: Fleet) -> Mapping[str, tuple[RecordSet, ...]]:
    """Returns the record sets of every zone, by its domain."""
    return {domain: record_sets(fleet, domain) for domain in fleet.dns.zones}


def _addresses(fleet: Fleet, name: str, machine: str, where: Location, made_of: str) -> Iterator[RecordSet]:
    for kind in address_types(fleet.machines[machine]):
        yield RecordSet(name, kind, where, machine=machine, made_of=made_of)


def _delegations(fleet: Fleet, domain: str) -> Iterator[RecordSet]:
    for child in fleet.dns.zones:
        others = [zone for zone in fleet.dns.zones if zone != child]
        if zone_of(child, others) == domain:
            where = ("dns", "zones", child)
            yield RecordSet(relative_name(child, domain), "NS", where, child=child, made_of=f"the zone '{child}'")
