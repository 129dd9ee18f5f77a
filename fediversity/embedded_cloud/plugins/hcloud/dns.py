"""Hetzner DNS: zones and the record sets in them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fediversity.embedded_cloud.plugins import dns
from fediversity.embedded_cloud.plugins.cloud import CloudResource
from fediversity.embedded_cloud.plugins.hcloud import rules
from fediversity.embedded_cloud.plugins.hcloud.facts import RECORD_TYPES, ZONE, ZONE_RRSET
from fediversity.embedded_cloud.plugins.problems import CloudError, Problem, api_error, not_simulated
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import Record, Session

NAME_SERVERS = [f"ns{number}.simulated.invalid." for number in (1, 2, 3)]
"""Stand in for Hetzner's; names that cannot exist, since no domain may be delegated to a simulation."""

_MADE_WITH_THE_ZONE = {"@/SOA", "@/NS"}


class Zone(CloudResource):
    """A DNS zone. Deleting it takes its record sets along, as at Hetzner."""

    def rules(self, inputs: Values) -> Iterable[Problem]:
        return rules.zone(inputs)

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        return api_error(f'the zone "{inputs["name"]}" is there already', "uniqueness_error", "already_exists")

    def find(self, session: Session, id_: str, values: Mapping[str, Any]) -> Record | None:
        return super().find(session, id_, values) or session.find(self.type, id_)

    def outputs(self, session: Session, record: Record) -> Values:
        del session
        return {
            "authoritativeNameservers": {"assigneds": NAME_SERVERS},
            "deleteProtection": record.inputs.get("deleteProtection", False),
            "labels": record.inputs.get("labels", {}),
            "primaryNameservers": record.inputs.get("primaryNameservers", []),
            "registrar": "unknown",
            "ttl": record.inputs.get("ttl", 3600),
        }

    def check_deletable(self, session: Session, record: Record) -> None:
        del session
        if record.inputs.get("deleteProtection"):
            raise api_error(f'zone "{record.name}" is protected against deletion', "protected")

    def release(self, session: Session, record: Record) -> None:
        for rrset in _rrsets(session, record):
            session.remove(rrset)


class ZoneRrset(CloudResource):
    """All records of one name and type in a zone. The name is relative to the zone; `@` is the zone itself."""

    def rules(self, inputs: Values) -> Iterable[Problem]:
        yield from rules.label_problems(inputs)
        yield from rules.ttl("ttl", inputs.get("ttl"))
        yield from _name(inputs)
        kind, records = inputs.get("type"), inputs.get("records")
        yield from rules.one_of("type", kind, RECORD_TYPES, "a type of record")
        if kind == "SOA":
            yield not_simulated("type", "the SOA record comes and goes with its zone")
            return
        if records == []:
            yield Problem("records", "is empty; a record set has at least one record")
        values = [
            (f"records[{index}].value", record.get("value"))
            for index, record in enumerate(records if isinstance(records, list) else ())
            if isinstance(record, dict)
        ]
        yield from dns.values_problems("records", kind, values, absolute=False, utf8=True)

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        message = f"the zone {inputs['zone']} has a record set {inputs['name']} {inputs['type']} already"
        return api_error(message, "uniqueness_error", "already_exists")

    def unique_key(self, session: Session, inputs: Mapping[str, Any]) -> tuple[str, str]:
        zone = _zone(session, str(inputs["zone"]))
        if zone is None:
            raise api_error(f"zone {inputs['zone']} not found", "not_found", "not_found")
        return zone.id, f"{inputs['name']}/{inputs['type']}"

    def new_id(self, session: Session, inputs: Mapping[str, Any], scope: str, name: str) -> str:
        del session, inputs
        return f"{scope}/{name}"

    def pulumi_id(self, record: Record) -> str:
        """Hetzner's id, `www/A`, is unique in its zone only."""
        return record.id.removeprefix(f"{record.scope}/")

    def find(self, session: Session, id_: str, values: Mapping[str, Any]) -> Record | None:
        """With nothing else known the id has the zone in front, `fleet.example/www/A`: the form for `pulumi import`."""
        zone_part, _, rest = (str(values["zone"]), "", id_) if "zone" in values else id_.partition("/")
        zone = _zone(session, zone_part)
        return None if zone is None else session.get(self.type, f"{zone.id}/{rest}")

    def check_rules(self, session: Session, inputs: Mapping[str, Any], current: Record | None) -> None:
        zone = _zone(session, str(inputs["zone"]))
        name, kind = inputs["name"], inputs["type"]
        if zone is None:
            return
        if zone.inputs["mode"] == "secondary":
            raise api_error(f"zone {zone.name} is a secondary zone", "dns_zone_is_secondary_zone")
        if name.endswith(f".{zone.name}") or name == zone.name:
            relative = name.removesuffix(zone.name).removesuffix(".") or "@"
            raise api_error(f'the name {name} is relative to its zone; did you mean "{relative}"?', "invalid_input")
        if current is None and f"{name}/{kind}" in _MADE_WITH_THE_ZONE:
            raise self.name_conflict(inputs)
        if current is not None and current.inputs.get("changeProtection") and inputs.get("changeProtection"):
            raise api_error(f"the record set {name} {kind} is protected against changes", "protected")
        others = [(rrset.inputs["name"], rrset.inputs["type"]) for rrset in _rrsets(session, zone)]
        for conflict in dns.conflicts(name, kind, others):
            raise api_error(conflict, "invalid_input")

    def outputs(self, session: Session, record: Record) -> Values:
        del session
        return {
            "changeProtection": record.inputs.get("changeProtection", False),
            "labels": record.inputs.get("labels", {}),
        }

    def check_deletable(self, session: Session, record: Record) -> None:
        del session
        if record.inputs.get("changeProtection"):
            raise api_error(f"the record set {self.pulumi_id(record)} is protected against changes", "protected")


def _name(inputs: Mapping[str, Any]) -> Iterator[Problem]:
    name = inputs.get("name")
    if not isinstance(name, str) or name == "@":
        if name == "@" and inputs.get("type") == "CNAME":
            yield Problem("type", "a CNAME cannot stand at the zone itself, beside its SOA and NS records")
        return
    if name.endswith("."):
        yield Problem("name", f'"{name}" is relative to its zone and has no final dot')
    elif not dns.is_owner(name) or name != name.lower():
        yield Problem("name", f'"{name}" is no name of records; write it in lower case, relative to its zone')


def _zone(session: Session, id_or_name: str) -> Record | None:
    return session.get(ZONE, id_or_name) or session.find(ZONE, id_or_name)


def _rrsets(session: Session, zone: Record) -> list[Record]:
    return [rrset for rrset in session.all(ZONE_RRSET) if rrset.scope == zone.id]
