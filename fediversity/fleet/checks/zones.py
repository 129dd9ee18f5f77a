"""How names of a fleet's zones hang together: delegations, aliases, wildcards."""

from collections.abc import Iterable, Iterator

from fediversity.fleet.diagnostics import Finding
from fediversity.fleet.dns_records import RecordSet, all_record_sets, complete_name
from fediversity.fleet.dns_values import target
from fediversity.fleet.graph import find_cycle
from fediversity.fleet.model import Fleet

_FOUND_BY_HOSTS = frozenset({"A", "AAAA", "CNAME"})
_ANSWERED = _FOUND_BY_HOSTS | {"NS"}


def delegations(fleet: Fleet) -> Iterator[Finding]:
    """Where other servers answer, nothing is written here but the addresses of those servers."""
    for domain, records in all_record_sets(fleet).items():
        cuts = {record.name: record for record in records if record.type == "NS"}
        for record in records:
            cut = next((name for name in cuts if record.name.endswith(f".{name}")), None)
            # What stands beside a CNAME is another check's.
            beside = record.type not in {"NS", "CNAME"} and record.name in cuts
            if (cut is None and not beside) or _is_glue(record, domain, cuts.values()):
                continue
            parent = record.name if cut is None else cut
            what = f"'{record.name}' is {'what' if beside else 'below what'} the NS record of '{parent}' gives away"
            if (zone := complete_name(parent, domain)) in fleet.dns.zones:
                fix = f"write it in the zone '{zone}'"
            else:
                fix = "have those servers answer for it; here stand only their own addresses"
            made = f"{record.made_of}: " if record.made_of else ""
            yield Finding(record.where, f"{made}{what}", fix)


def _is_glue(record: RecordSet, domain: str, cuts: Iterable[RecordSet]) -> bool:
    servers = {target("NS", value) for cut in cuts for value in cut.values}
    return record.type in {"A", "AAAA"} and complete_name(record.name, domain) in servers


def targets(fleet: Fleet) -> Iterator[Finding]:
    """Mail, services and delegations lead to hosts and not to aliases, and aliases not to themselves."""
    zones = all_record_sets(fleet)
    aliases = {
        complete_name(record.name, domain): record
        for domain, records in zones.items()
        for record in records
        if record.type == "CNAME" and [other.name for other in records].count(record.name) == 1
    }
    for records in zones.values():
        for record in records:
            for index, value in enumerate(record.values if record.type in {"MX", "NS", "SRV"} else ()):
                if (host := target(record.type, value)) in aliases:
                    what = f"'{host}' is a CNAME, and a record of type {record.type} must lead to a host itself"
                    led = target("CNAME", aliases[host].values[0])
                    yield Finding((*record.where, "values", index), what, f"name what it leads to: '{led}.' (RFC 2181)")
    edges = {name: [target("CNAME", record.values[0]) or ""] for name, record in aliases.items()}
    while (cycle := find_cycle(edges)) is not None:
        what = f"aliases lead in a circle: {' → '.join(cycle)}"
        yield Finding(aliases[cycle[0]].where, what, "give one of the names an address")
        for name in cycle:
            edges.pop(name, None)


def wildcards(fleet: Fleet) -> Iterator[Finding]:
    """A wildcard does not answer for a name that exists, even if only a longer name makes it exist (RFC 4592)."""
    for records in all_record_sets(fleet).values():
        types: dict[str, set[str]] = {}
        first: dict[str, RecordSet] = {}
        for record in records:
            types.setdefault(record.name, set()).add(record.type)
            labels = record.name.split(".")
            for start in range(len(labels)):
                first.setdefault(".".join(labels[start:]), record)
        for name, record in first.items():
            label, _, parent = name.partition(".")
            wildcard = f"*.{parent}" if parent else "*"
            lost = types.get(wildcard, set()) & _FOUND_BY_HOSTS
            if not lost or label in {"*", "@"} or label.startswith("_") or types.get(name, set()) & _ANSWERED:
                continue
            if name in types:
                what = f"'{name}' has {' and '.join(sorted(types[name]))} only: '{wildcard}' answers for it no more"
            else:
                what = f"'{record.name}' makes '{name}' exist: '{wildcard}' answers for it no more"
            fix = f"give '{name}' a record of its own: {', '.join(sorted(lost))} (RFC 4592)"
            yield Finding(record.where, what, fix)
