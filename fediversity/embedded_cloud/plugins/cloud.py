"""Implements what all resources in the store of the embedded cloud have in common.

An operation is one transaction on the store, followed by its effects on simulated machines. A new record is written
before its machine is created. If the run is interrupted in between, `fediversity.embedded_cloud.lookup` still finds the
record, and `fediversity.embedded_cloud.power` creates the machine.
"""

import asyncio
import json
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from fediversity.embedded_cloud.faults.store import FaultStore
from fediversity.embedded_cloud.folders import StackFolder
from fediversity.embedded_cloud.machines.client import Datacenter
from fediversity.embedded_cloud.machines.spec import DatacenterError, MachineSpec
from fediversity.embedded_cloud.plugins import api
from fediversity.embedded_cloud.plugins.checks import DEFAULTS_KEY
from fediversity.embedded_cloud.plugins.problems import CloudError
from fediversity.embedded_cloud.plugins.provider import PulumiRequest, Resource, State
from fediversity.embedded_cloud.plugins.schema import Package, ResourceSchema
from fediversity.embedded_cloud.plugins.values import Values, public
from fediversity.embedded_cloud.store import Record, Session, Store
from fediversity.support.processes import is_alive

_Result = TypeVar("_Result")


class Machines(Protocol):
    """The methods of `fediversity.embedded_cloud.machines.client.Datacenter` that clouds use."""

    def create(self, spec: MachineSpec) -> None: ...
    def change(self, machine_id: str, **changes: Any) -> None: ...
    def power_on(self, machine_id: str) -> None: ...
    def power_off(self, machine_id: str) -> None: ...
    def ensure_on(self) -> None: ...
    def machines(self) -> dict[str, dict[str, Any]]: ...
    def delete(self, machine_id: str) -> None: ...
    def stop(self) -> None: ...


Effect = Callable[[Machines], None]
"""A change to the machines that is applied after the transaction on the store."""


def open_ports(machine: str, ports: tuple[int, ...] | None) -> Effect:
    """Returns an effect that opens ports of a machine (None: all), if it exists; a new machine is created with its
    ports.
    """

    def effect(machines: Machines) -> None:
        if machine not in machines.machines():
            return
        try:
            machines.change(machine, allowed_ports=ports)
        except DatacenterError:
            if machine in machines.machines():  # otherwise it was deleted in the meantime
                raise

    return effect


@dataclass
class Cloud:
    """The embedded cloud of a stack in one plug-in process. `settings` are the provider's inputs."""

    store: Store
    machines: Machines
    settings: Mapping[str, Any] = field(default_factory=dict)
    _powered: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, folder: StackFolder, settings: Mapping[str, Any]) -> "Cloud":
        """Returns the embedded cloud of a stack."""
        return cls(Store(folder.store), Datacenter(folder.cloud), settings)

    def is_on(self, machine_id: str) -> bool:
        """Returns whether a machine runs now. Starts nothing."""
        record = self.machines.machines().get(machine_id)
        return record is not None and record["phase"] not in {"off", "crashed"} and self._daemon_runs()

    def _daemon_runs(self) -> bool:
        """Returns whether the daemon of the machines is alive. Its file remains when this computer is switched off."""
        try:
            pid: int = json.loads(self.store.path.with_name("datacenter.json").read_text())["pid"]
        except FileNotFoundError:
            return False
        return is_alive(pid)

    def ensure_powered(self) -> None:
        """Starts the machines that a reboot of this computer switched off, before the first change of a run."""
        with self._lock:
            if not self._powered:
                self.machines.ensure_on()
                self._powered = True


class CloudResource(Resource):
    """A resource type with resources stored as records. Subclasses define the details of their type."""

    def __init__(self, schema: ResourceSchema, cloud: Cloud) -> None:
        super().__init__(schema)
        self.cloud = cloud

    @property
    def type(self) -> str:
        """The type token, under which records are stored."""
        return self.schema.token

    def unique_key(self, session: Session, inputs: Mapping[str, Any]) -> tuple[str, str]:
        """Returns the scope and the name by which the resource is unique. Raises CloudError if the scope does not
        exist.
        """
        del session
        return "", str(inputs["name"])

    def new_id(self, session: Session, inputs: Mapping[str, Any], scope: str, name: str) -> str:
        """Returns the id of a new resource, in the format of the real provider."""
        del inputs, scope, name
        return str(session.number())

    def find(self, session: Session, id_: str, values: Mapping[str, Any]) -> Record | None:
        """Returns the record of an id, or of another identifier that `pulumi import` accepts; `values` is then empty.

        Otherwise `values` are the values that Pulumi has of the resource.
        """
        del values
        return session.get(self.type, id_)

    def pulumi_id(self, record: Record) -> str:
        """Returns the id by which Pulumi knows a record."""
        return record.id

    def check_rules(self, session: Session, inputs: Mapping[str, Any], current: Record | None) -> None:
        """Checks rules that depend on other resources. `current` is the record to be changed, None for a new one."""

    def initial_facts(self, session: Session, inputs: Mapping[str, Any], id_: str) -> Values:
        """Returns the facts that the cloud chooses for a new resource: addresses, numbers."""
        del session, inputs, id_
        return {}

    def changed_facts(self, old: Record, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns the facts of a changed resource."""
        del inputs
        return old.facts

    def stored_inputs(self, inputs: Mapping[str, Any]) -> Values:
        """Returns the inputs in the form in which the cloud stores them."""
        return public(inputs)

    def restored_inputs(self, record: Record, inputs: Mapping[str, Any]) -> Values:
        """Returns the inputs that would create a record; `inputs` are those that Pulumi has."""
        del inputs
        return dict(record.inputs)

    def outputs(self, session: Session, record: Record) -> Values:
        """Returns the outputs of a resource that are not inputs."""
        del session, record
        return {}

    def check_deletable(self, session: Session, record: Record) -> None:
        """Raises CloudError if the resource is protected or in use."""

    def release(self, session: Session, record: Record) -> None:
        """Releases what the resource holds: addresses."""

    def effects(self, session: Session, old: Record | None, new: Record | None) -> Sequence[Effect]:
        """Returns the effects on machines of a creation (no `old`), change or deletion (no `new`)."""
        del session, old, new
        return ()

    def cleanup_effects(self, id_: str) -> Sequence[Effect]:
        """Returns the cleanup effects for a record that no longer exists: its deletion may have been interrupted."""
        del id_
        return ()

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        """Returns the error for a name that is in use."""
        return CloudError(f'there is a simulated resource of the name "{inputs["name"]}" already', "already_exists")

    async def create(self, request: PulumiRequest, inputs: Values) -> State:
        return await self._request(request, inputs, lambda: self.create_now(inputs), creates=True)

    async def read(self, request: PulumiRequest, id_: str, inputs: Values, outputs: Values) -> State | None:
        del request, outputs
        return await asyncio.to_thread(self.read_now, id_, inputs)

    async def update(self, request: PulumiRequest, id_: str, outputs: Values, inputs: Values) -> Values:
        return await self._request(request, inputs, lambda: self.update_now(id_, outputs, inputs))

    async def delete(self, request: PulumiRequest, id_: str, outputs: Values) -> None:
        await self._request(request, outputs, lambda: self.delete_now(id_, outputs))

    async def _request(
        self, request: PulumiRequest, values: Mapping[str, Any], work: Callable[[], _Result], *, creates: bool = False
    ) -> _Result:
        """Runs a change as a request to the provider's API, which may have faults."""
        package = self.type.partition(":")[0]
        faults = FaultStore(self.cloud.store.path.parent)
        return await api.send_request(faults, package, request, values.get("name"), work, creates=creates)

    def create_now(self, requested: Values) -> State:
        """Implements `create`; blocks."""
        inputs = public(requested)
        self.cloud.ensure_powered()
        with self.cloud.store.writing() as session:
            scope, name = self.unique_key(session, inputs)
            if session.find(self.type, name, scope) is not None:
                raise self.name_conflict(inputs)
            self.check_rules(session, inputs, None)
            id_ = self.new_id(session, inputs, scope, name)
            record = Record(
                self.type, id_, name, scope, self.stored_inputs(inputs), self.initial_facts(session, inputs, id_)
            )
            session.put(record)
            effects, undo = self.effects(session, None, record), self.effects(session, record, None)
        try:
            self._apply(effects)
        except CloudError:
            with self.cloud.store.writing() as session:
                self.release(session, record)
                session.remove(record)
            with suppress(CloudError):
                self._apply(undo)
            raise
        return self._read_state(record, requested)

    def read_now(self, id_: str, requested: Values) -> State | None:
        """Implements `read`; blocks."""
        with self.cloud.store.reading() as session:
            record = self.find(session, id_, requested)
            return None if record is None else self._state(session, record, requested)

    def update_now(self, id_: str, outputs: Values, requested: Values) -> Values:
        """Implements `update`; blocks."""
        inputs = public(requested)
        self.cloud.ensure_powered()
        with self.cloud.store.writing() as session:
            old = self.find(session, id_, outputs)
            if old is None:
                raise CloudError("is gone from the simulated cloud; `pulumi refresh` will notice", "not_found")
            scope, name = self.unique_key(session, inputs)
            self.check_rules(session, inputs, old)
            facts = self.changed_facts(old, inputs)
            new = replace(old, scope=scope, name=name, inputs=self.stored_inputs(inputs), facts=facts)
            try:
                session.put(new)
            except sqlite3.IntegrityError:
                raise self.name_conflict(inputs) from None
            effects = self.effects(session, old, new)
        try:
            self._apply(effects)
        except CloudError:
            with self.cloud.store.writing() as session:
                session.put(old)
            raise
        return self._read_state(new, requested).outputs

    def delete_now(self, id_: str, outputs: Values) -> None:
        """Implements `delete`; blocks. The record is removed first, so that nothing creates its machine again."""
        with self.cloud.store.reading() as session:
            exists = self.find(session, id_, outputs) is not None
        self._apply(self._remove(id_, outputs) if exists else self.cleanup_effects(id_))

    def _remove(self, id_: str, outputs: Values) -> Sequence[Effect]:
        with self.cloud.store.writing() as session:
            record = self.find(session, id_, outputs)
            if record is None:
                return self.cleanup_effects(id_)
            self.check_deletable(session, record)
            self.release(session, record)
            session.remove(record)
            return self.effects(session, record, None)

    def _read_state(self, record: Record, requested: Mapping[str, Any]) -> State:
        with self.cloud.store.reading() as session:
            return self._state(session, record, requested)

    def _state(self, session: Session, record: Record, requested: Mapping[str, Any]) -> State:
        """Returns the resource as Pulumi stores it; the bookkeeping of filled-in inputs stays with the inputs."""
        inputs = self.restored_inputs(record, requested)
        bookkeeping = {name: value for name, value in requested.items() if name.startswith("__")}
        if self.schema.records_defaults:
            bookkeeping.setdefault(DEFAULTS_KEY, [])
        return State(self.pulumi_id(record), inputs | bookkeeping, inputs | self.outputs(session, record))

    def _apply(self, effects: Sequence[Effect]) -> None:
        try:
            for effect in effects:
                effect(self.cloud.machines)
        except DatacenterError as error:
            raise CloudError(str(error), "failed") from None


def resource_factory(
    package: Package, types: Mapping[str, type[CloudResource]]
) -> Callable[[StackFolder, Values], dict[str, Resource]]:
    """Returns a function that creates a package's resource types, by token, in the embedded cloud of a stack."""

    def make(folder: StackFolder, settings: Values) -> dict[str, Resource]:
        cloud = Cloud.of(folder, settings)
        return {token: type_(package.schemas[token], cloud) for token, type_ in types.items()}

    return make
