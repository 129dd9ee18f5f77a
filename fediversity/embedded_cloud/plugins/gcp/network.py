"""Implements Google's addresses and firewalls, and their effect on instances."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fediversity.embedded_cloud.machines.spec import SSH_PORT, UNLOCK_PORT
from fediversity.embedded_cloud.plugins import labels
from fediversity.embedded_cloud.plugins.cloud import Effect, open_ports
from fediversity.embedded_cloud.plugins.gcp import rules
from fediversity.embedded_cloud.plugins.gcp.base import GcpResource, fingerprint, label_outputs
from fediversity.embedded_cloud.plugins.gcp.facts import ADDRESS, FIREWALL, INSTANCE
from fediversity.embedded_cloud.plugins.problems import Problem, api_error
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import Record, Session

_REAL_SSH_PORT = 22
_LAST_PRIORITY = 65534


def machine_id(instance_id: str) -> str:
    """Returns the id of the simulated machine behind an instance, `projects/…/zones/<zone>/instances/<name>`."""
    *_, zone, _, name = instance_id.split("/")
    return f"gcp-{zone}-{name}"


def address_of(session: Session, nat_ip: str) -> Record | None:
    """Returns the static address resource of an IP address, or None."""
    return next((record for record in session.all(ADDRESS) if record.facts["address"] == nat_ip), None)


def user_of(session: Session, nat_ip: str) -> Record | None:
    """Returns the instance that uses an IP address, or None."""
    return next((record for record in session.all(INSTANCE) if record.facts["address"] == nat_ip), None)


def allowed_ports(session: Session, tags: Sequence[str]) -> tuple[int, ...]:
    """Returns the machine's ports that are open for an instance with these tags.

    Simulated machines listen on `SSH_PORT` in place of 22, so a rule for 22 also applies to it. The network `default`
    accepts SSH by itself. Source ranges of rules are not simulated.
    """
    firewalls = [firewall.inputs for firewall in session.all(FIREWALL)]
    matching = [firewall for firewall in firewalls if _applies(firewall, tags)]
    return tuple(port for port in (SSH_PORT, UNLOCK_PORT) if _allowed(port, matching))


def _applies(firewall: Mapping[str, Any], tags: Sequence[str]) -> bool:
    targets = firewall.get("targetTags")
    incoming = firewall.get("direction", "INGRESS") == "INGRESS"
    return incoming and not firewall.get("disabled") and (not targets or bool(set(targets) & set(tags)))


def _allowed(port: int, firewalls: Sequence[Mapping[str, Any]]) -> bool:
    """Returns whether a port is open: the lowest priority number decides; at equal numbers a denial does."""
    verdicts = [(_LAST_PRIORITY, 1, True)] if port == SSH_PORT else []
    for firewall in firewalls:
        for order, (side, verdict) in enumerate((("denies", False), ("allows", True))):
            if any(_covers(rule, port) for rule in firewall.get(side, ())):
                verdicts.append((firewall["priority"], order, verdict))
    return min(verdicts)[2] if verdicts else False


def _covers(rule: Mapping[str, Any], port: int) -> bool:
    if rule["protocol"].lower() not in {"tcp", "all", "6"}:
        return False
    ranges = [labels.port_range(text) or range(0) for text in rule.get("ports", ())]
    aliases = (port, _REAL_SSH_PORT) if port == SSH_PORT else (port,)
    return not ranges or any(alias in ports for alias in aliases for ports in ranges)


class Address(GcpResource):
    """A static external address."""

    def own_rules(self, inputs: Values) -> Iterable[Problem]:
        yield from rules.name(inputs)
        yield from rules.placed("region", inputs, self.cloud.settings)
        yield from rules.address(inputs)

    def collection(self, session: Session, inputs: Mapping[str, Any]) -> str:
        del session
        return f"projects/{rules.PROJECT}/regions/{self._region(inputs)}/addresses"

    def initial_facts(self, session: Session, inputs: Mapping[str, Any], id_: str) -> Values:
        return super().initial_facts(session, inputs, id_) | {"address": session.take_address(f"{self.type}/{id_}")}

    def outputs(self, session: Session, record: Record) -> Values:
        user = user_of(session, record.facts["address"])
        return {
            **super().outputs(session, record),
            **label_outputs(record),
            "address": record.facts["address"],
            "addressId": str(record.facts["number"]),
            "creationTimestamp": record.facts["created"],
            "labelFingerprint": fingerprint(record.inputs.get("labels", {})),
            "networkTier": record.inputs.get("networkTier", "PREMIUM"),
            "prefixLength": 0,
            "purpose": "",
            "region": self._region(record.inputs),
            "selfLink": self.link(record),
            "subnetwork": "",
            "users": [self.link(user)] if user else [],
        }

    def check_deletable(self, session: Session, record: Record) -> None:
        super().check_deletable(session, record)
        if user := user_of(session, record.facts["address"]):
            message = f"the address '{record.id}' is already being used by '{user.id}'"
            raise api_error(message, "resourceInUseByAnotherResource")

    def release(self, session: Session, record: Record) -> None:
        session.release_addresses(f"{self.type}/{record.id}")

    def _region(self, inputs: Mapping[str, Any]) -> str:
        return str(inputs.get("region") or self.cloud.settings["region"])


class Firewall(GcpResource):
    """A firewall rule for the instances with its target tags, or for all."""

    def own_rules(self, inputs: Values) -> Iterable[Problem]:
        yield from rules.name(inputs)
        yield from rules.firewall(inputs)

    def collection(self, session: Session, inputs: Mapping[str, Any]) -> str:
        del session, inputs
        return f"projects/{rules.PROJECT}/global/firewalls"

    def outputs(self, session: Session, record: Record) -> Values:
        return {
            **super().outputs(session, record),
            "creationTimestamp": record.facts["created"],
            "destinationRanges": record.inputs.get("destinationRanges", []),
            "direction": record.inputs.get("direction", "INGRESS"),
            "enableLogging": record.inputs.get("enableLogging", False),
            "selfLink": self.link(record),
        }

    def effects(self, session: Session, old: Record | None, new: Record | None) -> Sequence[Effect]:
        """Returns effects for every instance, as any may be affected; an unchanged set of ports has no effect."""
        del old, new
        return [
            open_ports(machine_id(instance.id), allowed_ports(session, instance.inputs.get("tags", ())))
            for instance in session.all(INSTANCE)
        ]
