"""Implements resources that are simulated machines: servers, instances, hosts."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from fediversity.embedded_cloud.machines.spec import MachineSpec
from fediversity.embedded_cloud.plugins.cloud import CloudResource, Effect
from fediversity.embedded_cloud.store import Record, Session


class MachineResource(CloudResource):
    """A resource type with a simulated machine behind each resource."""

    changeable: Sequence[str] = ()
    """The fields of the machine's spec that a change of the resource updates."""

    @abstractmethod
    def machine_id(self, id_: str) -> str:
        """Returns the id of the machine behind a resource."""

    @abstractmethod
    def machine(self, session: Session, record: Record) -> MachineSpec:
        """Returns the spec of the machine behind a resource."""

    def restarts(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
        """Returns whether a change requires the machine to be off."""
        del old, new
        return False

    def effects(self, session: Session, old: Record | None, new: Record | None) -> Sequence[Effect]:
        if new is None:
            return () if old is None else self.cleanup_effects(old.id)
        spec = self.machine(session, new)
        if old is None:
            return [lambda machines: machines.create(spec)]
        changes = {name: getattr(spec, name) for name in self.changeable}
        change: list[Effect] = [lambda machines: machines.change(spec.id, **changes)]
        if not self.restarts(old.inputs, new.inputs):
            return change
        return [
            lambda machines: machines.power_off(spec.id),
            *change,
            lambda machines: machines.power_on(spec.id),
        ]

    def cleanup_effects(self, id_: str) -> Sequence[Effect]:
        machine = self.machine_id(id_)
        return [lambda machines: machines.delete(machine)]
