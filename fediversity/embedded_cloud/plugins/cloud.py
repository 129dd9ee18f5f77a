"""Resources that live in the store of the embedded cloud: what all of them have in common.

An operation is one transaction on the store, followed by its effects on simulated machines. A new record is written
before its machine is made: if the run is cut short in between, the record can still be found
(`fediversity.embedded_cloud.lookup`) and the machine is made up for (`fediversity.embedded_cloud.power`).
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
from fediversity.embedded_cloud.plugins.provider import Call, Resource, State
from fediversity.embedded_cloud.plugins.schema import Package, Table
from fediversity.embedded_cloud.plugins.values import Values, public
from fediversity.embedded_cloud.store import Record, Session, Store
from fediversity.support.processes import is_alive

_Answer = TypeVar("_Answer")


class Machines(Protocol):
    """The part of `fediversity.embedded_cloud.machines.client.Datacenter` that clouds use."""

    def create(self, spec: MachineSpec) -> None: ...
    def change(self, machine_id: str, **changes: Any) -> None: ...
    def power_on(self, machine_id: str) -> None: ...
    def power_off(self, machine_id: str) -> None: ...
    def ensure_on(self) -> None: ...
    def machines(self) -> dict[str, dict[str, Any]]: ...
    def delete(self, machine_id: str) -> None: ...
    def stop(self) -> None: ...


Effect = Callable[[Machines], None]
"""Something to do to the machines once the store says so."""


def open_ports(machine: str, ports: tuple[int, ...] | None) -> Effect:
    """Lets a machine be reached on some ports (None: on all), if it is there already: a new one is made with them."""

    def effect(machines: Machines) -> None:
        if machine not in machines.machines():
            return
        try:
            machines.change(machine, allowed_ports=ports)
        except DatacenterError:
            if machine in machines.machines():  # else it was deleted just now
                raise

    return effect


@dataclass
class Cloud:
    """The embedded cloud of a stack as one plug-in process sees it. `settings` are the provider's inputs."""

    store: Store
    machines: Machines
    settings: Mapping[str, Any] = field(default_factory=dict)
    _powered: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, folder: StackFolder, settings: Mapping[str, Any]) -> "Cloud":
        """The embedded cloud of a stack."""
        return cls(Store(folder.store), Datacenter(folder.cloud), settings)

    def is_on(self, machine_id: str) -> bool:
        """Whether a machine runs now. Starts nothing."""
        record = self.machines.machines().get(machine_id)
        return record is not None and record["phase"] not in {"off", "crashed"} and self._daemon_runs()

    def _daemon_runs(self) -> bool:
        """Whether the process behind the machines lives; its file stays when this computer is switched off."""
        try:
            pid: int = json.loads(self.store.path.with_name("datacenter.json").read_text())["pid"]
        except FileNotFoundError:
            return False
        return is_alive(pid)

    def power(self) -> None:
        """Before the first change of a run: machines that a reboot of this computer switched off come back."""
        with self._lock:
            if not self._powered:
                self.machines.ensure_on()
                self._powered = True


class CloudResource(Resource):
    """A resource type whose resources are records. Subclasses say what is special about theirs."""

    def __init__(self, table: Table, cloud: Cloud) -> None:
        super().__init__(table)
        self.cloud = cloud

    @property
    def type(self) -> str:
        """The type token, under which records are kept."""
        return self.table.token

    def place(self, session: Session, inputs: Mapping[str, Any]) -> tuple[str, str]:
        """The scope and the name that the resource is unique by. Raises CloudError when the scope does not exist."""
        del session
        return "", str(inputs["name"])

    def new_id(self, session: Session, inputs: Mapping[str, Any], scope: str, name: str) -> str:
        """The id of a new resource, in the form the real provider uses."""
        del inputs, scope, name
        return str(session.number())

    def find(self, session: Session, id_: str, values: Mapping[str, Any]) -> Record | None:
        """The record of an id, or of what people give to `pulumi import` in its place; then `values` is empty.

        Otherwise `values` are what the engine has of the resource.
        """
        del values
        return session.get(self.type, id_)

    def engine_id(self, record: Record) -> str:
        """The id by which the engine knows a record."""
        return record.id

    def admit(self, session: Session, inputs: Mapping[str, Any], current: Record | None) -> None:
        """The rules that need to know what else exists. `current` is the record to be changed, None for a new one."""

    def decide(self, session: Session, inputs: Mapping[str, Any], id_: str) -> Values:
        """What the cloud decides about a new resource: addresses, numbers."""
        del session, inputs, id_
        return {}

    def reconsider(self, old: Record, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the cloud decides when a resource changes."""
        del inputs
        return old.facts

    def keep(self, inputs: Mapping[str, Any]) -> Values:
        """The inputs as the cloud remembers them."""
        return public(inputs)

    def recall(self, record: Record, inputs: Mapping[str, Any]) -> Values:
        """The inputs that would make a record; `inputs` are those the engine has."""
        del inputs
        return dict(record.inputs)

    def outputs(self, session: Session, record: Record) -> Values:
        """What only the cloud knows of a resource, beside its inputs."""
        del session, record
        return {}

    def may_delete(self, session: Session, record: Record) -> None:
        """Raises CloudError when the resource is protected or in use."""

    def release(self, session: Session, record: Record) -> None:
        """Gives back what the resource holds: addresses."""

    def effects(self, session: Session, old: Record | None, new: Record | None) -> Sequence[Effect]:
        """What a creation (no `old`), change or deletion (no `new`) does to machines."""
        del session, old, new
        return ()

    def leftovers(self, id_: str) -> Sequence[Effect]:
        """What to clean up when a record is gone already: its deletion may have been cut short."""
        del id_
        return ()

    def taken(self, inputs: Mapping[str, Any]) -> CloudError:
        """The answer when the name is in use."""
        return CloudError(f'there is a simulated resource of the name "{inputs["name"]}" already', "already_exists")

    async def create(self, call: Call, inputs: Values) -> State:
        return await self._request(call, inputs, lambda: self.create_now(inputs), creates=True)

    async def read(self, call: Call, id_: str, inputs: Values, outputs: Values) -> State | None:
        del call, outputs
        return await asyncio.to_thread(self.read_now, id_, inputs)

    async def update(self, call: Call, id_: str, outputs: Values, inputs: Values) -> Values:
        return await self._request(call, inputs, lambda: self.update_now(id_, outputs, inputs))

    async def delete(self, call: Call, id_: str, outputs: Values) -> None:
        await self._request(call, outputs, lambda: self.delete_now(id_, outputs))

    async def _request(
        self, call: Call, values: Mapping[str, Any], work: Callable[[], _Answer], *, creates: bool = False
    ) -> _Answer:
        """A change, as a request to the provider's API, which may have faults."""
        package = self.type.partition(":")[0]
        book = FaultStore(self.cloud.store.path.parent)
        return await api.request(book, package, call, values.get("name"), work, creates=creates)

    def create_now(self, given: Values) -> State:
        """`create`, blocking."""
        inputs = public(given)
        self.cloud.power()
        with self.cloud.store.writing() as session:
            scope, name = self.place(session, inputs)
            if session.find(self.type, name, scope) is not None:
                raise self.taken(inputs)
            self.admit(session, inputs, None)
            id_ = self.new_id(session, inputs, scope, name)
            record = Record(self.type, id_, name, scope, self.keep(inputs), self.decide(session, inputs, id_))
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
        return self._look(record, given)

    def read_now(self, id_: str, given: Values) -> State | None:
        """`read`, blocking."""
        with self.cloud.store.reading() as session:
            record = self.find(session, id_, given)
            return None if record is None else self._state(session, record, given)

    def update_now(self, id_: str, outputs: Values, given: Values) -> Values:
        """`update`, blocking."""
        inputs = public(given)
        self.cloud.power()
        with self.cloud.store.writing() as session:
            old = self.find(session, id_, outputs)
            if old is None:
                raise CloudError("is gone from the simulated cloud; `pulumi refresh` will notice", "not_found")
            scope, name = self.place(session, inputs)
            self.admit(session, inputs, old)
            facts = self.reconsider(old, inputs)
            new = replace(old, scope=scope, name=name, inputs=self.keep(inputs), facts=facts)
            try:
                session.put(new)
            except sqlite3.IntegrityError:
                raise self.taken(inputs) from None
            effects = self.effects(session, old, new)
        try:
            self._apply(effects)
        except CloudError:
            with self.cloud.store.writing() as session:
                session.put(old)
            raise
        return self._look(new, given).outputs

    def delete_now(self, id_: str, outputs: Values) -> None:
        """`delete`, blocking. The record goes first, so that nothing makes its machine up again."""
        with self.cloud.store.reading() as session:
            there = self.find(session, id_, outputs) is not None
        self._apply(self._remove(id_, outputs) if there else self.leftovers(id_))

    def _remove(self, id_: str, outputs: Values) -> Sequence[Effect]:
        with self.cloud.store.writing() as session:
            record = self.find(session, id_, outputs)
            if record is None:
                return self.leftovers(id_)
            self.may_delete(session, record)
            self.release(session, record)
            session.remove(record)
            return self.effects(session, record, None)

    def _look(self, record: Record, given: Mapping[str, Any]) -> State:
        with self.cloud.store.reading() as session:
            return self._state(session, record, given)

    def _state(self, session: Session, record: Record, given: Mapping[str, Any]) -> State:
        """The resource as the engine keeps it; its bookkeeping of filled-in inputs stays with the inputs."""
        inputs = self.recall(record, given)
        notes = {name: value for name, value in given.items() if name.startswith("__")}
        if self.table.fills_in:
            notes.setdefault(DEFAULTS_KEY, [])
        return State(self.engine_id(record), inputs | notes, inputs | self.outputs(session, record))

    def _apply(self, effects: Sequence[Effect]) -> None:
        try:
            for effect in effects:
                effect(self.cloud.machines)
        except DatacenterError as error:
            raise CloudError(str(error), "failed") from None


def in_the_cloud(
    package: Package, types: Mapping[str, type[CloudResource]]
) -> Callable[[StackFolder, Values], dict[str, Resource]]:
    """What makes a package's resource types, by token, in the embedded cloud of a stack."""

    def make(folder: StackFolder, settings: Values) -> dict[str, Resource]:
        cloud = Cloud.of(folder, settings)
        return {token: type_(package.tables[token], cloud) for token, type_ in types.items()}

    return make
