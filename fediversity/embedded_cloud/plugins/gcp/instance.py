"""Implements Google's instances: each is a simulated machine."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from fediversity.embedded_cloud.faults.store import FaultStore
from fediversity.embedded_cloud.machines.spec import MachineSpec
from fediversity.embedded_cloud.plugins import labels
from fediversity.embedded_cloud.plugins.cloud import Effect, Machines
from fediversity.embedded_cloud.plugins.gcp import rules, rules_instance
from fediversity.embedded_cloud.plugins.gcp.base import GcpResource, fingerprint, label_outputs
from fediversity.embedded_cloud.plugins.gcp.disk import disk_of, users_of
from fediversity.embedded_cloud.plugins.gcp.facts import IMAGE
from fediversity.embedded_cloud.plugins.gcp.iam import account_of
from fediversity.embedded_cloud.plugins.gcp.network import address_of, allowed_ports, machine_id, user_of
from fediversity.embedded_cloud.plugins.machine import MachineResource
from fediversity.embedded_cloud.plugins.problems import CloudError, Problem, api_error
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import Record, Session
from fediversity.fleet.providers.google.catalogue import MACHINE_TYPES

ZONE_FULL = "ZONE_RESOURCE_POOL_EXHAUSTED"
_NEEDS_STOP = ("machineType", "serviceAccount", "shieldedInstanceConfig")
_ROOT_LOGIN = re.compile(r"PermitRootLogin\s+(yes|prohibit-password|without-password)")


def login_keys(metadata: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Returns public keys by user from an instance's metadata `ssh-keys`, lines of `user:key`; none with OS Login."""
    if metadata.get("enable-oslogin", "").upper() == "TRUE":
        return {}
    keys: dict[str, tuple[str, ...]] = {}
    for line in metadata.get("ssh-keys", "").splitlines():
        user, _, key = line.strip().partition(":")
        if user and labels.public_key_blob(key) is not None:
            keys[user] = (*keys.get(user, ()), key)
    return keys


def permits_root(inputs: Mapping[str, Any]) -> bool:
    """Returns whether root may log in: Google's Debian forbids it unless a startup script changes sshd's settings."""
    script = inputs.get("metadata", {}).get("startup-script", inputs.get("metadataStartupScript", ""))
    return _ROOT_LOGIN.search(script) is not None


def nat_ip(inputs: Mapping[str, Any]) -> str | None:
    """Returns the external address that an instance requests."""
    value = inputs["networkInterfaces"][0]["accessConfigs"][0].get("natIp")
    return None if value is None else str(value)


class Instance(MachineResource, GcpResource):
    """A virtual machine with a Debian image or a prepared NixOS image."""

    changeable = ("memory_mb", "authorized_keys", "root_login", "allowed_ports")

    def own_rules(self, inputs: Values) -> Iterable[Problem]:
        yield from rules.name(inputs)
        yield from rules.placed("zone", inputs, self.cloud.settings)
        yield from rules_instance.instance(inputs)

    def collection(self, session: Session, inputs: Mapping[str, Any]) -> str:
        del session
        return f"projects/{rules.PROJECT}/zones/{self._zone(inputs)}/instances"

    def check_rules(self, session: Session, inputs: Mapping[str, Any], current: Record | None) -> None:
        if current is None:
            self._check_new(session, inputs)
        else:
            _admit_change(current.inputs, inputs)
        self._check_used(session, inputs, current)
        self._check_address(session, inputs, current)

    def _check_new(self, session: Session, inputs: Mapping[str, Any]) -> None:
        zone = self._zone(inputs)
        if FaultStore(self.cloud.store.path.parent).trigger(str(inputs["name"]), "zone-full", zone):
            what = (
                f"The zone 'projects/{rules.PROJECT}/zones/{zone}' does not have enough resources available to fulfill"
            )
            raise api_error(f"{what} the request. Try a different zone, or try again later.", ZONE_FULL)
        image = rules_instance.own_image(inputs["bootDisk"]["initializeParams"]["image"])
        if image is not None and session.get(IMAGE, image) is None:
            raise api_error(f"The resource '{image}' was not found", "notFound", "not_found")

    def _check_used(self, session: Session, inputs: Mapping[str, Any], current: Record | None) -> None:
        """Checks that the disks and the service account exist and that no other instance uses the disks."""
        for attached in inputs.get("attachedDisks", ()):
            disk = disk_of(session, attached["source"])
            if disk is None or f"/zones/{self._zone(inputs)}/" not in disk.id:
                raise api_error(f"The resource '{attached['source']}' was not found", "notFound", "not_found")
            others = [user for user in users_of(session, disk) if current is None or user.id != current.id]
            if others:
                message = f"The disk resource '{disk.id}' is already being used by '{others[0].id}'"
                raise api_error(message, "resourceInUseByAnotherResource")
        email = inputs.get("serviceAccount", {}).get("email")
        if email is not None and account_of(session, email) is None:
            raise api_error(f"The resource '{email}' of type 'serviceAccount' was not found.", "notFound", "not_found")

    def _check_address(self, session: Session, inputs: Mapping[str, Any], current: Record | None) -> None:
        wanted = nat_ip(inputs)
        if wanted is None or (current is not None and current.facts["address"] == wanted):
            return
        address = address_of(session, wanted)
        if address is None:
            raise api_error(f"the external address {wanted} is not reserved in this project", "invalid")
        region = self._zone(inputs).rpartition("-")[0]
        if f"/regions/{region}/" not in address.id:
            raise api_error(f"the address '{address.id}' is not in the instance's region {region}", "invalid")
        if user := user_of(session, wanted):
            message = f"the address '{address.id}' is already being used by '{user.id}'"
            raise api_error(message, "externalIpAddressInUse")

    def initial_facts(self, session: Session, inputs: Mapping[str, Any], id_: str) -> Values:
        facts = super().initial_facts(session, inputs, id_)
        number = facts["number"]
        internal = f"10.128.{number // 250 % 256}.{number % 250 + 2}"
        return facts | {
            "address": nat_ip(inputs) or session.take_address(f"{self.type}/{id_}"),
            "internal": internal,
        }

    def outputs(self, session: Session, record: Record) -> Values:
        inputs = record.inputs
        return {
            **super().outputs(session, record),
            **label_outputs(record),
            "bootDisk": {"deviceName": "persistent-disk-0", "mode": "READ_WRITE", **inputs["bootDisk"]},
            "cpuPlatform": "simulated",
            "creationTimestamp": record.facts["created"],
            "currentStatus": "RUNNING" if self.cloud.is_on(machine_id(record.id)) else "TERMINATED",
            "instanceId": str(record.facts["number"]),
            "labelFingerprint": fingerprint(inputs.get("labels", {})),
            "metadataFingerprint": fingerprint(inputs.get("metadata", {})),
            "networkInterfaces": [_interface(record)],
            "selfLink": self.link(record),
            "tagsFingerprint": fingerprint(sorted(inputs.get("tags", ()))),
            "zone": self._zone(inputs),
        }

    def check_deletable(self, session: Session, record: Record) -> None:
        super().check_deletable(session, record)
        if record.inputs.get("deletionProtection"):
            raise CloudError(
                f"instance {record.name} has deletion protection; set deletionProtection to false first (simulated)"
            )

    def release(self, session: Session, record: Record) -> None:
        session.release_addresses(f"{self.type}/{record.id}")

    def restarts(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        return any(old.get(name) != new.get(name) for name in _NEEDS_STOP)

    def machine_id(self, id_: str) -> str:
        return machine_id(id_)

    def machine(self, session: Session, record: Record) -> MachineSpec:
        """Returns the spec of the machine behind an instance; root may log in only if a real instance allows it."""
        inputs = record.inputs
        size = MACHINE_TYPES[inputs["machineType"]]
        prepared = rules_instance.own_image(inputs["bootDisk"]["initializeParams"]["image"]) is not None
        return MachineSpec(
            id=machine_id(record.id),
            name=record.name,
            provider="gcp",
            image_os="nixos" if prepared else "debian",
            system=f"{size.architecture}-linux",
            memory_mb=size.memory_mb,
            address=record.facts["address"],
            authorized_keys=login_keys(inputs.get("metadata", {})),
            root_login=prepared or permits_root(inputs),
            hostname=inputs.get("hostname", record.name),
            allowed_ports=allowed_ports(session, inputs.get("tags", ())),
        )

    def effects(self, session: Session, old: Record | None, new: Record | None) -> Sequence[Effect]:
        effects = super().effects(session, old, new)
        return [*effects, partial(self._open_ports, new)] if old is None and new is not None else effects

    def _open_ports(self, record: Record, machines: Machines) -> None:
        """Updates the open ports: a firewall may have been created or changed while the machine was being created."""
        with self.cloud.store.reading() as session:
            ports = allowed_ports(session, record.inputs.get("tags", ()))
        machines.change(machine_id(record.id), allowed_ports=ports)

    def _zone(self, inputs: Mapping[str, Any]) -> str:
        return str(inputs.get("zone") or self.cloud.settings["zone"])


def _admit_change(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    stopped = [name for name in _NEEDS_STOP if old.get(name) != new.get(name)]
    if stopped and not new.get("allowStoppingForUpdate"):
        raise CloudError(
            f"changing {', '.join(stopped)} of a running instance needs to stop it; allow that with"
            " `allowStoppingForUpdate: true` (simulated)"
        )
    before, after = (MACHINE_TYPES[inputs["machineType"]].architecture for inputs in (old, new))
    if before != after:
        raise api_error(f"an instance of architecture {before} cannot become {new['machineType']}", "invalid")
    if nat_ip(old) != nat_ip(new):
        raise CloudError(
            "changing the external address of an instance in place is not simulated; replace the instance",
            "not_implemented",
        )


def _interface(record: Record) -> Values:
    given = record.inputs["networkInterfaces"][0]
    access = {"networkTier": "PREMIUM", **given["accessConfigs"][0], "natIp": record.facts["address"]}
    return {
        "name": "nic0",
        "network": "default",
        "networkIp": record.facts["internal"],
        "stackType": "IPV4_ONLY",
        **given,
        "accessConfigs": [access],
    }
