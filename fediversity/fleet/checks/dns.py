"""Checks of the records of a zone: their names, the machines they come from, each name and type once."""

from collections.abc import Iterator
from itertools import groupby

from fediversity.fleet.base import TAG_PREFIX
from fediversity.fleet.checks.common import repeated, unknown_machine, unknown_tag, used_tags
from fediversity.fleet.diagnostics import Finding, Location
from fediversity.fleet.dns_owners import LONGEST_NAME
from fediversity.fleet.dns_records import (
    RecordSet,
    address_types,
    complete_name,
    following,
    record_sets,
    written,
    zone_of,
)
from fediversity.fleet.dns_types import RECORD_TYPES, RecordType
from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.registry import ZONE_SERVICES

_REVERSE = {"in-addr.arpa": 4, "ip6.arpa": 32}
"""The zones of addresses, and how many labels an address has there."""


def names(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a name does not repeat its zone, is not too long, and is an address's where the type wants one."""
    for domain in fleet.dns.zones:
        for record in written(fleet, domain):
            if f".{record.name}".endswith(f".{domain}"):
                what = f"'{record.name}' names the zone again: it would become {record.name}.{domain}"
                fix = f"write '{record.name.removesuffix(domain).removesuffix('.') or '@'}'"
                yield Finding((*record.where, "name"), what, fix)
            elif record.rule.names_address:
                yield from _reverse_name(record, domain)
        for record in record_sets(fleet, domain):
            if len(name := complete_name(record.name, domain)) > LONGEST_NAME:
                what = f"with its zone '{record.name}' has {len(name)} characters"
                yield Finding(record.where, what, f"a name has {LONGEST_NAME} at most (RFC 1035)")


def _reverse_name(record: RecordSet, domain: str) -> Iterator[Finding]:
    name = complete_name(record.name, domain)
    suffix = next((zone for zone in _REVERSE if name.endswith(f".{zone}")), None)
    where = (*record.where, "name")
    if suffix is None:
        # Services are listed by PTR records too (RFC 6763), under names with an underscore.
        if "_" not in record.name:
            fix = (
                "write it in the address's zone, like '2.0.192.in-addr.arpa'; a server's own is `rdns:` of its provider"
            )
            yield Finding(
                where, f"'{record.name}' is no address, and a {record.type} record leads from one to its name", fix
            )
        return
    labels = name.removesuffix(f".{suffix}").split(".")
    if any("-" in label for label in labels):  # part of a network, as its owner cuts it (RFC 2317)
        return
    if len(labels) != _REVERSE[suffix] or not all(_is_part(label, suffix) for label in labels):
        parts = "four numbers to 255" if suffix == "in-addr.arpa" else "32 hexadecimal digits"
        fix = f"with its zone it has {parts}, the last one first, a dot between each two"
        yield Finding(where, f"'{name}' is not the name of an address", fix)


def _is_part(label: str, suffix: str) -> bool:
    if suffix == "ip6.arpa":
        return len(label) == 1 and label in "0123456789abcdef"
    return label.isdecimal() and label == str(int(label)) and int(label) <= 255


def taken_by_provider(fleet: Fleet) -> Iterator[Finding]:
    """Checks that the provider of a zone takes records of the type."""
    for domain, zone in fleet.dns.zones.items():
        for record in written(fleet, domain):
            if zone.provider not in record.rule.providers:
                others = " or ".join(f"{ZONE_SERVICES[other]} (`{other}`)" for other in sorted(record.rule.providers))
                what = f"{ZONE_SERVICES[zone.provider]} takes no records of type {record.type}"
                fix = f"remove it, or have the zone served by {others}"
                yield Finding((*record.where, "type"), what, fix)


def machines(fleet: Fleet) -> Iterator[Finding]:
    """Checks that records come from machines that have such an address."""
    for domain, zone in fleet.dns.zones.items():
        for record in written(fleet, domain):
            if record.machine is not None:
                yield from _machine(fleet, record.machine, record.type, (*record.where, "machine"))
        hosts: Location = ("dns", "zones", domain, "hosts")
        yield from repeated(zone.hosts, hosts)
        for index, entry in enumerate(zone.hosts):
            if not entry.startswith(TAG_PREFIX):
                yield from _machine(fleet, entry, None, (*hosts, index))
            elif (tag := entry.removeprefix(TAG_PREFIX)) not in used_tags(fleet):
                yield unknown_tag((*hosts, index), tag, used_tags(fleet))
    yield from _services(fleet)


def _services(fleet: Fleet) -> Iterator[Finding]:
    for name, deployment in fleet.placed_deployments.items():
        domain, machine = zone_of(deployment.domain, fleet.dns.zones), fleet.machines[deployment.machine]
        if domain is None or not (deployment.enabled and fleet.dns.zones[domain].services) or machine.is_mac:
            continue
        own = any(
            record.rule.finds_hosts and complete_name(record.name, domain) == deployment.domain
            for record in written(fleet, domain)
        )
        if not (address_types(machine) or own):
            what = f"'{domain}' has no address to answer with: of '{deployment.machine}' the fleet knows no public one"
            fix = f"write a record for '{deployment.domain}' into that zone"
            yield Finding(("deployments", name, "domain"), what, fix)


def _machine(fleet: Fleet, name: str, kind: RecordType | None, where: Location) -> Iterator[Finding]:
    """`kind` is the type of record that needs an address; None if any will do."""
    machine = fleet.machines.get(name)
    if machine is None:
        yield unknown_machine(where, name, fleet.machines)
        return
    types = address_types(machine)
    if not types:
        what = f"'{name}' has no public address that this fleet knows"
        yield Finding(where, what, "name a cloud machine, or write the address under `values:`")
    elif kind is not None and kind not in types:
        what = f"'{name}' has no IPv{RECORD_TYPES[kind].address_version} address"
        yield Finding(where, what, machine.provider.missing_address_fix(name))


def once(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a zone has each name and type once, nothing beside a CNAME, and no two that contradict each other."""
    for domain in fleet.dns.zones:
        yield from _written_twice(list(written(fleet, domain)))
        known: dict[str, list[RecordSet]] = {}
        for record in written(fleet, domain):
            beside = known.setdefault(record.name, [])
            # What clashes with the first of a name was reported; the ones after it are compared with that one only.
            if not beside or not (record.rule.stands_alone or record.type in {other.type for other in beside}):
                beside.append(record)
        for (name, _), group in groupby(following(fleet, domain), key=lambda record: (record.name, record.where)):
            made = list(group)
            others = known.setdefault(name, [])
            yield from _contradiction(made, others)
            others += made


def _written_twice(records: list[RecordSet]) -> Iterator[Finding]:
    seen: dict[str, list[RecordSet]] = {}
    for record in records:
        others = seen.setdefault(record.name, [])
        types: set[RecordType] = {record.type, *(other.type for other in others)}
        alone = next((kind for kind in sorted(types) if RECORD_TYPES[kind].stands_alone), None)
        if any(other.type == record.type for other in others):
            what = f"a second {record.type} record for '{record.name}'"
            fix = "remove one of them" if record.rule.stands_alone else "put all values into one record"
            yield Finding(record.where, what, fix)
        elif others and alone is not None:
            beside = " and ".join(sorted(types - {alone}))
            fix = f"nothing may stand beside a {alone} (RFC 1034): remove one of them"
            yield Finding(record.where, f"'{record.name}' has a {alone} and {beside}", fix)
        others.append(record)


def _contradiction(made: list[RecordSet], others: list[RecordSet]) -> Iterator[Finding]:
    """Yields one finding at most for what one entry makes of one name: its addresses, or its delegation."""
    for other in others:
        mine = next((record for record in made if record.type == other.type), made[0])
        if other.rule.stands_alone:
            given = "servers" if mine.child else "addresses"
            what = f"'{mine.name}' has a {other.type}, and {mine.made_of} gives it {given}"
            fix = f"nothing may stand beside a {other.type} (RFC 1034): remove one of the two"
            yield Finding(other.where, what, fix)
            return
        if other.type == mine.type and mine.machine and other.contradicts(mine):
            said = f"the address of '{other.machine}'" if other.machine else f"'{', '.join(other.values)}'"
            who = other.made_of or f"this {other.type} record"
            what = f"{who} gives '{mine.name}' {said}, and {mine.made_of} the address of '{mine.machine}'"
            yield Finding(mine.where if other.made_of else other.where, what, "keep one of the two")
            return
