"""Manages all machines of one site, and the queries of one machine about another."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

from fediversity.embedded_cloud.machines import mesh
from fediversity.embedded_cloud.machines.machine import Machine
from fediversity.embedded_cloud.machines.record import Record
from fediversity.embedded_cloud.machines.spec import DatacenterError, MachineSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fediversity.embedded_cloud.machines.faults import Faults

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Site:
    """The machines below `cloud/machines`."""

    def __init__(self, cloud: Path, faults: Faults) -> None:
        self._folder = cloud / "machines"
        self.faults = faults
        self.machines: dict[str, Machine] = {}

    async def resume(self) -> None:
        """Restarts every machine on disk."""
        for path in sorted(self._folder.glob("*/machine.json")):
            machine = Machine(path.parent, Record.load(path), self)
            self.machines[machine.spec.id] = machine
            try:
                await machine.resume()
            except DatacenterError as error:  # another process uses its port; the other machines still start
                machine.log(f"does not come back: {error}")

    async def create(self, spec: MachineSpec) -> None:
        """Creates and boots a machine, unless one with that id exists."""
        if not _ID.fullmatch(spec.id):
            raise DatacenterError(f"`{spec.id}` cannot be the id of a machine")
        if spec.id in self.machines:
            return
        folder = self._folder / spec.id
        shutil.rmtree(folder, ignore_errors=True)  # left by an interrupted creation: it has no machine.json
        self._folder.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700)
        machine = Machine(folder, Record.new(spec), self)
        self.machines[spec.id] = machine
        try:
            await machine.make()
        except Exception:
            await self.delete(spec.id)
            raise

    async def delete(self, machine_id: str) -> None:
        """Ends a machine and removes all its data."""
        machine = self.machines.pop(machine_id, None)
        if machine is not None:
            await machine.end()
            shutil.rmtree(machine.folder)

    async def change(self, machine_id: str, changes: Mapping[str, Any]) -> None:
        """Changes a machine in place."""
        machine = self.machine(machine_id)
        await machine.change(machine.spec.changed(changes))

    async def reconcile(self) -> None:
        """Applies changed faults: the ports of every machine that is not in transition are reconciled."""
        for machine in list(self.machines.values()):
            if not machine.power.in_transition:
                try:
                    await machine.ports.reconcile()
                except DatacenterError as error:
                    machine.log(f"does not answer: {error}")

    async def heal(self, name: str | None) -> None:
        """Repairs the machine with a name, or every machine."""
        for machine in list(self.machines.values()):
            if name in (None, machine.spec.name):
                await machine.heal()

    def machine(self, machine_id: str) -> Machine:
        """Returns a machine by id. Raises `DatacenterError` if it does not exist."""
        if machine_id not in self.machines:
            raise DatacenterError(f"there is no simulated machine `{machine_id}`")
        return self.machines[machine_id]

    def zerotier_controller(self, network: str) -> mesh.ZeroTierService | None:
        """Returns the service that controls a network, if its machine runs."""
        for machine in self.machines.values():
            if machine.phase == "nixos":
                service = mesh.ZeroTierService(machine)
                if service.installed and service.controls(network):
                    return service
        return None

    def zerotier_member(self, network: str, node: str) -> Machine | None:
        """Returns the machine that takes part in a network with this node id, if it runs and is connected."""
        for machine in self.machines.values():
            if machine.phase in ("nixos", "darwin") and not machine.is_unreachable:
                service = mesh.ZeroTierService(machine)
                if service.installed and service.node == node and service.is_in(network):
                    return machine
        return None

    async def end(self) -> None:
        """Ends every machine; the machines stay on disk."""
        for machine in self.machines.values():
            await machine.end()
