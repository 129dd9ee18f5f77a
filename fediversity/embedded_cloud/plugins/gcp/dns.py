"""Cloud DNS: zones and the record sets in them."""

from collections.abc import Iterable, Mapping
from typing import Any

from fediversity.embedded_cloud.plugins import dns
from fediversity.embedded_cloud.plugins.gcp import rules
from fediversity.embedded_cloud.plugins.gcp.base import GcpResource, label_outputs
from fediversity.embedded_cloud.plugins.gcp.facts import MANAGED_ZONE, RECORD_SET
from fediversity.embedded_cloud.plugins.problems import CloudError, Problem, api_error
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import Record, Session

NAME_SERVERS = [f"ns-cloud-{letter}.simulated.invalid." for letter in "abcd"]
"""Stand in for Google's; names that cannot exist, since no domain may be delegated to a simulation."""

_ZONES = f"projects/{rules.PROJECT}/managedZones"


class ManagedZone(GcpResource):
    """A public DNS zone."""

    def own_rules(self, inputs: Values) -> Iterable[Problem]:
        yield from rules.name(inputs)
        yield from rules.managed_zone(inputs)

    def collection(self, session: Session, inputs: Mapping[str, Any]) -> str:
        del session, inputs
        return _ZONES

    def outputs(self, session: Session, record: Record) -> Values:
        return {
            **super().outputs(session, record),
            **label_outputs(record),
            "creationTime": record.facts["created"],
            "managedZoneId": str(record.facts["number"]),
            "nameServers": NAME_SERVERS,
        }

    def check_deletable(self, session: Session, record: Record) -> None:
        super().check_deletable(session, record)
        if _record_sets(session, record) and not record.inputs.get("forceDestroy"):
            raise api_error(f"the zone '{record.name}' still holds record sets", "containerNotEmpty")

    def release(self, session: Session, record: Record) -> None:
        for record_set in _record_sets(session, record):
            session.remove(record_set)


class RecordSet(GcpResource):
    """All records of one name and type. The SOA and NS records of the zone itself exist from the start."""

    def own_rules(self, inputs: Values) -> Iterable[Problem]:
        return rules.record_set(inputs)

    def collection(self, session: Session, inputs: Mapping[str, Any]) -> str:
        return f"{self._zone(session, inputs).id}/rrsets"

    def unique_key(self, session: Session, inputs: Mapping[str, Any]) -> tuple[str, str]:
        return self.collection(session, inputs), f"{inputs['name']}/{inputs['type']}"

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        message = f"the record set '{inputs['name']} {inputs['type']}' already exists"
        return api_error(message, "alreadyExists", "already_exists")

    def check_rules(self, session: Session, inputs: Mapping[str, Any], current: Record | None) -> None:
        zone = self._zone(session, inputs)
        name, kind, domain = inputs["name"], inputs["type"], zone.inputs["dnsName"]
        if name != domain and not name.endswith(f".{domain}"):
            raise api_error(f"the name '{name}' is not in the zone '{zone.name}', which is {domain}", "invalid")
        if kind == "CNAME" and name == domain:
            raise api_error(
                f"a CNAME cannot stand at {domain}, beside its SOA and NS records", "cnameResourceRecordSetConflict"
            )
        others = [
            (other.inputs["name"], other.inputs["type"])
            for other in _record_sets(session, zone)
            if current is None or other.id != current.id
        ]
        for conflict in dns.conflicts(name, kind, others):
            raise api_error(conflict, "cnameResourceRecordSetConflict")

    @staticmethod
    def _zone(session: Session, inputs: Mapping[str, Any]) -> Record:
        name = str(inputs["managedZone"]).rsplit("/", maxsplit=1)[-1]
        zone = session.find(MANAGED_ZONE, name, _ZONES)
        if zone is None:
            raise api_error(f"the managed zone '{name}' does not exist", "notFound", "not_found")
        return zone


def _record_sets(session: Session, zone: Record) -> list[Record]:
    return [record for record in session.all(RECORD_SET) if record.scope == f"{zone.id}/rrsets"]
