"""Implements Hetzner's primary IPs and firewalls, and their effect on servers."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fediversity.embedded_cloud.addresses import random_ipv6_network
from fediversity.embedded_cloud.machines.spec import SSH_PORT, UNLOCK_PORT
from fediversity.embedded_cloud.plugins import labels
from fediversity.embedded_cloud.plugins.cloud import CloudResource, Effect, open_ports
from fediversity.embedded_cloud.plugins.hcloud import rules
from fediversity.embedded_cloud.plugins.hcloud.attachments import remove_reverse_names
from fediversity.embedded_cloud.plugins.hcloud.facts import FIREWALL, PRIMARY_IP, SERVER
from fediversity.embedded_cloud.plugins.problems import CloudError, Problem, api_error
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import Record, Session

_REAL_SSH_PORT = 22


def machine_id(server_id: str) -> str:
    """Returns the id of the simulated machine behind a server."""
    return f"hetzner-{server_id}"


def public_net(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the only `publicNets` entry of a server's inputs."""
    nets = inputs.get("publicNets") or [{}]
    return dict(nets[0])


def assignee(session: Session, primary_ip: Record) -> Record | None:
    """Returns the server to which a primary IP is assigned, or None."""
    side = str(primary_ip.inputs["type"])
    for server in session.all(SERVER):
        if str(public_net(server.inputs).get(side)) == primary_ip.id:
            return server
    return None


def ipv6_network(session: Session, server: Record) -> str:
    """Returns the IPv6 network of a server, either its primary IP's or its own; "" if it has none."""
    primary_ip = session.get(PRIMARY_IP, str(public_net(server.inputs).get("ipv6")))
    return str(primary_ip.facts["network"] if primary_ip else server.facts.get("ipv6", ""))


def addresses_of(session: Session, record: Record) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Returns the public addresses of a server or a primary IP."""
    if record.type == SERVER:
        texts = [record.facts["ipv4"], ipv6_network(session, record)]
    else:
        texts = [record.facts.get("address") or record.facts["network"]]
    return [ipaddress.ip_network(text) for text in texts if text]


def allowed_ports(session: Session, inputs: Mapping[str, Any]) -> tuple[int, ...] | None:
    """Returns the machine's ports that a server's firewalls open; None for a server without a firewall.

    Simulated machines listen on `SSH_PORT` in place of 22, so a rule for 22 also opens that port. Source addresses of
    rules are not simulated: all connections come from this computer.
    """
    ids = [str(id_) for id_ in inputs.get("firewallIds", ())]
    if not ids:
        return None
    firewalls = [firewall for id_ in ids if (firewall := session.get(FIREWALL, id_)) is not None]
    opened = [port for firewall in firewalls for rule in firewall.inputs.get("rules", ()) for port in _opens(rule)]
    return tuple(port for port in (SSH_PORT, UNLOCK_PORT) if port in opened)


def _opens(rule: Mapping[str, Any]) -> Sequence[int]:
    if rule.get("direction") != "in" or rule.get("protocol") != "tcp":
        return ()
    everything = range(1, labels.HIGHEST_PORT + 1)
    ports = everything if rule["port"] == "any" else labels.port_range(rule["port"]) or range(0)
    return [*ports, SSH_PORT] if _REAL_SSH_PORT in ports else ports


class Firewall(CloudResource):
    """A set of rules for the servers that refer to it in `firewallIds`."""

    def rules(self, inputs: Values) -> Iterable[Problem]:
        return rules.firewall(inputs)

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        return api_error(f'the firewall name "{inputs["name"]}" is already used', "uniqueness_error", "already_exists")

    def outputs(self, session: Session, record: Record) -> Values:
        attached = [{"server": int(server.id)} for server in self._servers(session, record)]
        return {"labels": record.inputs.get("labels", {}), "applyTos": attached}

    def check_deletable(self, session: Session, record: Record) -> None:
        if users := self._servers(session, record):
            names = ", ".join(server.name for server in users)
            raise api_error(f'firewall "{record.name}" is still used by {names}', "resource_in_use")

    def effects(self, session: Session, old: Record | None, new: Record | None) -> Sequence[Effect]:
        if old is None or new is None:
            return ()
        return [
            open_ports(machine_id(server.id), allowed_ports(session, server.inputs))
            for server in self._servers(session, new)
        ]

    @staticmethod
    def _servers(session: Session, firewall: Record) -> list[Record]:
        firewall_id = int(firewall.id)
        return [server for server in session.all(SERVER) if firewall_id in server.inputs.get("firewallIds", ())]


class PrimaryIp(CloudResource):
    """An address that outlives the servers to which it is assigned."""

    def rules(self, inputs: Values) -> Iterable[Problem]:
        return rules.primary_ip(inputs)

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        message = f'the primary IP name "{inputs["name"]}" is already used'
        return api_error(message, "uniqueness_error", "already_exists")

    def initial_facts(self, session: Session, inputs: Mapping[str, Any], id_: str) -> Values:
        if inputs["type"] == "ipv4":
            return {"address": session.take_address(f"{self.type}/{id_}")}
        return {"network": random_ipv6_network()}

    def outputs(self, session: Session, record: Record) -> Values:
        server = assignee(session, record)
        outputs = {
            "assigneeId": int(server.id) if server else 0,
            "assigneeType": "server",
            "autoDelete": record.inputs.get("autoDelete", False),
            "deleteProtection": record.inputs.get("deleteProtection", False),
            "labels": record.inputs.get("labels", {}),
        }
        if network := record.facts.get("network"):
            return outputs | {"ipAddress": network.split("/")[0], "ipNetwork": network}
        return outputs | {"ipAddress": record.facts["address"]}

    def check_deletable(self, session: Session, record: Record) -> None:
        if record.inputs.get("deleteProtection"):
            raise api_error(f'primary IP "{record.name}" is protected against deletion', "protected")
        if server := assignee(session, record):
            raise api_error(f'primary IP "{record.name}" is assigned to server "{server.name}"', "resource_in_use")

    def release(self, session: Session, record: Record) -> None:
        session.release_addresses(f"{self.type}/{record.id}")
        remove_reverse_names(session, record)
