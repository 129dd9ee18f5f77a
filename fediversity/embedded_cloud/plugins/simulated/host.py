"""Implements machines that exist outside any cloud: Macs, and servers that are already installed."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from fediversity.embedded_cloud.machines.spec import MachineSpec
from fediversity.embedded_cloud.plugins import labels
from fediversity.embedded_cloud.plugins.machine import MachineResource
from fediversity.embedded_cloud.plugins.problems import CloudError, Problem, did_you_mean
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import Record, Session

HOST = "simulated:index:Host"

SYSTEMS: Mapping[str, frozenset[str]] = {
    "nixos": frozenset({"x86_64-linux", "aarch64-linux"}),
    "darwin": frozenset({"x86_64-darwin", "aarch64-darwin"}),
}
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_LEAST_MEMORY_MB = 256


class Host(MachineResource):
    """A simulated machine that runs NixOS or macOS from the start. Its id is its name."""

    changeable = ("memory_mb", "authorized_keys")

    def rules(self, inputs: Values) -> Iterable[Problem]:
        kind, system = inputs.get("machineClass"), inputs.get("system")
        if isinstance(kind, str) and kind not in SYSTEMS:
            yield Problem("machineClass", f'"{kind}" is not a machine class{did_you_mean(kind, SYSTEMS)}')
        elif isinstance(kind, str) and isinstance(system, str) and system not in SYSTEMS[kind]:
            yield Problem("system", f'"{system}" is not a system of {kind}{did_you_mean(system, SYSTEMS[kind])}')
        name, user, memory = inputs.get("name"), inputs.get("user"), inputs.get("memoryMb")
        if isinstance(name, str) and (not labels.is_hostname(name) or "." in name):
            yield Problem("name", f'"{name}" is not a valid host name')
        if isinstance(user, str) and not _USER.fullmatch(user):
            yield Problem("user", f'"{user}" is not a valid user name')
        if isinstance(memory, int) and memory < _LEAST_MEMORY_MB:
            yield Problem("memoryMb", f"of {memory} is too little; a machine has at least {_LEAST_MEMORY_MB} MiB")
        keys = inputs.get("authorizedKeys")
        for index, key in enumerate(keys if isinstance(keys, list) else ()):
            if isinstance(key, str) and labels.public_key_blob(key) is None:
                yield Problem(
                    f"authorizedKeys[{index}]", "is not an OpenSSH public key, like `ssh-ed25519 AAAA… comment`"
                )

    def new_id(self, session: Session, inputs: Mapping[str, Any], scope: str, name: str) -> str:
        del session, inputs, scope
        return name

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        return CloudError(f'there is a simulated host "{inputs["name"]}" already', "already_exists")

    def initial_facts(self, session: Session, inputs: Mapping[str, Any], id_: str) -> Values:
        del inputs
        return {"address": session.take_address(f"{self.type}/{id_}")}

    def outputs(self, session: Session, record: Record) -> Values:
        del session
        return {"address": record.facts["address"]}

    def release(self, session: Session, record: Record) -> None:
        session.release_addresses(f"{self.type}/{record.id}")

    def machine_id(self, id_: str) -> str:
        return f"host-{id_}"

    def machine(self, session: Session, record: Record) -> MachineSpec:
        """Returns the spec of the machine behind a host; only its login user may log in."""
        del session
        inputs = record.inputs
        return MachineSpec(
            id=self.machine_id(record.id),
            name=record.name,
            provider="host",
            image_os=inputs["machineClass"],
            system=inputs["system"],
            memory_mb=inputs["memoryMb"],
            address=record.facts["address"],
            authorized_keys={inputs["user"]: tuple(inputs["authorizedKeys"])},
            root_login=inputs["user"] == "root",
            hostname=record.name,
            bootstrapped=inputs["bootstrapped"],
        )
