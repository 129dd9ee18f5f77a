"""Implements Hetzner's servers: each is a simulated machine."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from fediversity.embedded_cloud.addresses import random_ipv6_network
from fediversity.embedded_cloud.machines.spec import MachineSpec
from fediversity.embedded_cloud.plugins.hcloud import rules
from fediversity.embedded_cloud.plugins.hcloud.attachments import detach_from_server, remove_reverse_names
from fediversity.embedded_cloud.plugins.hcloud.facts import FIREWALL, PRIMARY_IP, SSH_KEY
from fediversity.embedded_cloud.plugins.hcloud.network import (
    allowed_ports,
    assignee,
    ipv6_network,
    machine_id,
    public_net,
)
from fediversity.embedded_cloud.plugins.hcloud.placement import admit_to_group
from fediversity.embedded_cloud.plugins.machine import MachineResource
from fediversity.embedded_cloud.plugins.problems import CloudError, Problem, api_error
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import Record, Session
from fediversity.fleet.providers.hetzner.catalogue import DISK_GB, SERVER_TYPES

_DEFAULT_LOCATION = "fsn1"


class Server(MachineResource):
    """A server with a Debian cloud image or a snapshot. Its user data is accepted and ignored."""

    changeable = ("name", "memory_mb", "allowed_ports")

    def rules(self, inputs: Values) -> Iterable[Problem]:
        return rules.server(inputs)

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        return api_error(f'the server name "{inputs["name"]}" is already used', "uniqueness_error", "already_exists")

    def check_rules(self, session: Session, inputs: Mapping[str, Any], current: Record | None) -> None:
        for id_ in inputs.get("firewallIds", ()):
            if session.get(FIREWALL, str(id_)) is None:
                raise api_error(f"firewall {id_} not found", "not_found", "not_found")
        for side in ("ipv4", "ipv6"):
            self._check_primary_ip(session, inputs, side, current)
        running = current is not None and self.cloud.is_on(machine_id(current.id))
        admit_to_group(session, inputs.get("placementGroupId"), current, running=running)
        if current is not None:
            _admit_change(current, inputs)

    def _check_primary_ip(self, session: Session, inputs: Mapping[str, Any], side: str, current: Record | None) -> None:
        id_ = public_net(inputs).get(side)
        if id_ is None:
            return
        primary_ip = session.get(PRIMARY_IP, str(id_))
        if primary_ip is None:
            raise api_error(f"primary IP {id_} not found", "not_found", "not_found")
        if primary_ip.inputs["type"] != side:
            raise api_error(f'primary IP "{primary_ip.name}" is not {side}', "primary_ip_version_mismatch")
        location = inputs.get("location")
        if location is not None and primary_ip.inputs["location"] != location:
            message = f'primary IP "{primary_ip.name}" is in {primary_ip.inputs["location"]}, the server in {location}'
            raise api_error(message, "primary_ip_datacenter_mismatch")
        server = assignee(session, primary_ip)
        if server is not None and (current is None or server.id != current.id):
            message = f'primary IP "{primary_ip.name}" is assigned to server "{server.name}"'
            raise api_error(message, "primary_ip_assigned")

    def initial_facts(self, session: Session, inputs: Mapping[str, Any], id_: str) -> Values:
        net = public_net(inputs)
        primary = {side: session.get(PRIMARY_IP, str(net.get(side))) for side in ("ipv4", "ipv6")}
        places = [ip.inputs["location"] for ip in primary.values() if ip is not None]
        location = inputs.get("location") or (places or [_DEFAULT_LOCATION])[0]
        facts: Values = {"location": location, "disk_gb": DISK_GB[inputs["serverType"]]}
        facts["keys"] = [_ssh_key(session, key).inputs["publicKey"] for key in inputs.get("sshKeys", ())]
        ipv4 = primary["ipv4"]
        facts["ipv4"] = ipv4.facts["address"] if ipv4 else session.take_address(f"{self.type}/{id_}")
        return facts | _own_ipv6(net)

    def changed_facts(self, old: Record, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns the changed facts. A larger server type has a larger disk, unless `keepDisk` allows a later
        downgrade.
        """
        facts = dict(old.facts)
        if not inputs.get("keepDisk"):
            facts["disk_gb"] = max(facts["disk_gb"], DISK_GB[inputs["serverType"]])
        if public_net(old.inputs) != public_net(inputs):
            facts = {name: value for name, value in facts.items() if name != "ipv6"} | _own_ipv6(public_net(inputs))
        return facts

    def stored_inputs(self, inputs: Mapping[str, Any]) -> Values:
        """Returns the stored inputs. User data is stored as a hash, as in the real provider, since it may contain
        secrets.
        """
        kept = super().stored_inputs(inputs)
        return kept | {"userData": _hash(kept["userData"])} if "userData" in kept else kept

    def restored_inputs(self, record: Record, inputs: Mapping[str, Any]) -> Values:
        recalled = super().restored_inputs(record, inputs)
        given = inputs.get("userData")
        return recalled | {"userData": given} if given and recalled.get("userData") == _hash(given) else recalled

    def outputs(self, session: Session, record: Record) -> Values:
        network = ipv6_network(session, record)
        outputs = {
            "backupWindow": "22-02" if record.inputs.get("backups") else "",
            "firewallIds": record.inputs.get("firewallIds", []),
            "ipv4Address": record.facts["ipv4"],
            "ipv6Address": f"{network.split('/')[0]}1" if network else "",
            "ipv6Network": network,
            "labels": record.inputs.get("labels", {}),
            "location": record.facts["location"],
            "primaryDiskSize": record.facts["disk_gb"],
            "status": "running" if self.cloud.is_on(machine_id(record.id)) else "off",
        }
        return outputs | ({"userData": record.inputs["userData"]} if "userData" in record.inputs else {})

    def check_deletable(self, session: Session, record: Record) -> None:
        del session
        if record.inputs.get("deleteProtection"):
            raise api_error(f'server "{record.name}" is protected against deletion', "protected")

    def release(self, session: Session, record: Record) -> None:
        session.release_addresses(f"{self.type}/{record.id}")
        detach_from_server(session, record)
        for side in ("ipv4", "ipv6"):
            primary_ip = session.get(PRIMARY_IP, str(public_net(record.inputs).get(side)))
            if primary_ip is not None and primary_ip.inputs.get("autoDelete"):
                session.release_addresses(f"{PRIMARY_IP}/{primary_ip.id}")
                remove_reverse_names(session, primary_ip)
                session.remove(primary_ip)

    def restarts(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Returns whether the type or address changes: Hetzner requires the server to be off for that."""
        return bool(old["serverType"] != new["serverType"]) or public_net(old) != public_net(new)

    def machine_id(self, id_: str) -> str:
        return machine_id(id_)

    def machine(self, session: Session, record: Record) -> MachineSpec:
        """Returns the spec of the machine behind a server, which accepts root with the given keys, as Hetzner's images
        do.

        The image is Debian, or NixOS for a snapshot: snapshots are not simulated, so every snapshot id stands for a
        prepared NixOS.
        """
        size = SERVER_TYPES[record.inputs["serverType"]]
        return MachineSpec(
            id=machine_id(record.id),
            name=record.name,
            provider="hetzner",
            image_os="nixos" if record.inputs["image"].isdecimal() else "debian",
            system=f"{size.architecture}-linux",
            memory_mb=size.memory_mb,
            address=record.facts["ipv4"],
            authorized_keys={"root": tuple(record.facts["keys"])},
            root_login=True,
            hostname=record.name,
            allowed_ports=allowed_ports(session, record.inputs),
        )


def _ssh_key(session: Session, name_or_id: str) -> Record:
    key = session.get(SSH_KEY, name_or_id) or session.find(SSH_KEY, name_or_id)
    if key is None:
        raise CloudError(f"SSH key not found: {name_or_id}", "not_found")
    return key


def _admit_change(old: Record, new: Mapping[str, Any]) -> None:
    kind = new["serverType"]
    before, after = (SERVER_TYPES[name].architecture for name in (old.inputs["serverType"], kind))
    if before != after:
        message = f"a server of architecture {before} cannot become {kind}, which is {after}"
        raise api_error(message, "invalid_server_type")
    if DISK_GB[kind] < old.facts["disk_gb"]:
        message = f"the disk of {old.facts['disk_gb']} GB does not fit {kind}, which has {DISK_GB[kind]} GB"
        raise api_error(message, "invalid_server_type")
    if _ipv4(public_net(old.inputs)) != _ipv4(public_net(new)):
        raise CloudError(
            "changing the IPv4 address of a server in place is not simulated; replace the server", "not_implemented"
        )


def _ipv4(net: Mapping[str, Any]) -> Any:
    return net.get("ipv4"), net.get("ipv4Enabled", True)


def _own_ipv6(net: Mapping[str, Any]) -> Values:
    """Returns a new IPv6 network for a server, unless it must have none or has a primary IP."""
    return {"ipv6": random_ipv6_network()} if net.get("ipv6Enabled", True) and net.get("ipv6") is None else {}


def _hash(user_data: str) -> str:
    """Returns user data in the form in which the real provider stores it."""
    return base64.b64encode(hashlib.sha1(user_data.encode(), usedforsecurity=False).digest()).decode()
