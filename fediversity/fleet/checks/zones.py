"""Checks of how names of a fleet's zones depend on each other: delegations, aliases, wildcards."""

from collections.abc import Iterable, Iterator, Mapping

from fediversity.fleet.diagnostics import Finding
from fediversity.fleet.dns_records import RecordSet, all_record_sets, complete_name
from fediversity.fleet.dns_types import RECORD_TYPES, RecordType
from fediversity.fleet.graph import find_cycle
from fediversity.fleet.model import Fleet


def delegations(fleet: Fleet) -> Iterator[Finding]:
    """Checks that a zone says nothing where other servers answer: only where they are, and with what keys they sign."""
    for domain, records in all_record_sets(fleet).items():
        cuts = {record.name: record for record in records if record.rule.delegates}
        for record in records:
            cut = next((name for name in cuts if record.name.endswith(f".{name}")), None)
            if record.rule.belongs_to_delegation and cut is None:
                yield from _without_servers(record, domain, cuts)
                continue
            # Another check reports what stands beside a CNAME.
            beside = record.name in cuts and not (record.rule.delegates or record.rule.stands_alone)
            if (cut is None and not beside) or _is_glue(record, domain, cuts.values()):
                continue
            parent = record.name if cut is None else cut
            place, kind = "what" if beside else "below what", cuts[parent].type
            what = f"'{record.name}' is {place} the {kind} record of '{parent}' gives away"
            if (zone := complete_name(parent, domain)) in fleet.dns.zones:
                fix = f"write it in the zone '{zone}'"
            else:
                fix = "have those servers answer for it; here stand only their own addresses"
            made = f"{record.made_of}: " if record.made_of else ""
            yield Finding(record.where, f"{made}{what}", fix)


def _without_servers(record: RecordSet, domain: str, cuts: Mapping[str, RecordSet]) -> Iterator[Finding]:
    if record.name in cuts:
        return
    what = f"'{complete_name(record.name, domain)}' has a {record.type} record, and no other servers answer for it"
    fix = "write its NS record too, or remove this one: it says with which keys those servers sign (RFC 4035)"
    yield Finding(record.where, what, fix)


def _is_glue(record: RecordSet, domain: str, cuts: Iterable[RecordSet]) -> bool:
    servers = {cut.rule.target(value) for cut in cuts for value in cut.values}
    return record.rule.address_version is not None and complete_name(record.name, domain) in servers


def targets(fleet: Fleet) -> Iterator[Finding]:
    """Checks that mail, services and delegations lead to hosts and not to aliases, and aliases not to themselves."""
    zones = all_record_sets(fleet)
    aliases = {
        complete_name(record.name, domain): record
        for domain, records in zones.items()
        for record in records
        if record.rule.stands_alone and [other.name for other in records].count(record.name) == 1
    }
    for records in zones.values():
        for record in records:
            for index, value in enumerate(record.values if record.rule.target_is_host else ()):
                if (alias := aliases.get(host := record.rule.target(value) or "")) is not None:
                    what = f"'{host}' is a {alias.type}, and a record of type {record.type} must lead to a host itself"
                    led = alias.rule.target(alias.values[0])
                    yield Finding((*record.where, "values", index), what, f"name what it leads to: '{led}.' (RFC 2181)")
    edges = {name: [record.rule.target(record.values[0]) or ""] for name, record in aliases.items()}
    while (cycle := find_cycle(edges)) is not None:
        what = f"aliases lead in a circle: {' → '.join(cycle)}"
        yield Finding(aliases[cycle[0]].where, what, "give one of the names an address")
        for name in cycle:
            edges.pop(name, None)


def wildcards(fleet: Fleet) -> Iterator[Finding]:
    """Checks for names that a wildcard does not answer for because they exist, be it for a longer name (RFC 4592)."""
    for records in all_record_sets(fleet).values():
        types: dict[str, set[RecordType]] = {}
        first: dict[str, RecordSet] = {}
        for record in records:
            types.setdefault(record.name, set()).add(record.type)
            labels = record.name.split(".")
            for start in range(len(labels)):
                first.setdefault(".".join(labels[start:]), record)
        for name, record in first.items():
            label, _, parent = name.partition(".")
            wildcard = f"*.{parent}" if parent else "*"
            lost = {kind for kind in types.get(wildcard, ()) if RECORD_TYPES[kind].finds_hosts}
            own = (RECORD_TYPES[kind] for kind in types.get(name, ()))
            answered = any(rule.finds_hosts or rule.delegates for rule in own)
            if not lost or label in {"*", "@"} or label.startswith("_") or answered:
                continue
            if name in types:
                what = f"'{name}' has {' and '.join(sorted(types[name]))} only: '{wildcard}' answers for it no more"
            else:
                what = f"'{record.name}' makes '{name}' exist: '{wildcard}' answers for it no more"
            fix = f"give '{name}' a record of its own: {', '.join(sorted(lost))} (RFC 4592)"
            yield Finding(record.where, what, fix)
