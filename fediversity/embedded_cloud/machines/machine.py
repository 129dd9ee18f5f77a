"""Implements one simulated machine: its disks, its running system and its authorized keys."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fediversity.embedded_cloud.machines import activation, disks
from fediversity.embedded_cloud.machines.filesystem import Root
from fediversity.embedded_cloud.machines.interpreter import timer_service
from fediversity.embedded_cloud.machines.ports import Ports
from fediversity.embedded_cloud.machines.power import Power
from fediversity.embedded_cloud.machines.record import Phase, Record
from fediversity.embedded_cloud.machines.spec import MachineSpec
from fediversity.embedded_cloud.machines.switch_faults import SwitchFaults
from fediversity.embedded_cloud.machines.units import Units

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.site import Site


class Machine:
    """A machine of a site. Its folder holds `machine.json`, `connections.jsonl` and the file systems."""

    def __init__(self, folder: Path, record: Record, site: Site) -> None:
        self.folder = folder
        self.record = record
        self.site = site
        self.disk = Root(folder / "root")
        self.installer = Root(folder / "installer")
        self.initrd = Root(folder / "initrd")
        self.ports = Ports(self)
        self.units = Units(self, timer_service)
        self.switch_faults = SwitchFaults(self)
        self.power = Power(self)
        self.switching = asyncio.Lock()
        self.rebuilding = 0
        """The number of running `darwin-rebuild switch` commands."""

    @property
    def spec(self) -> MachineSpec:
        """The spec given by the machine's provider."""
        return self.record.spec

    @property
    def phase(self) -> Phase:
        """The phase in which the machine is now."""
        return self.record.phase

    @property
    def is_darwin(self) -> bool:
        """Whether this is a Mac."""
        return self.spec.image_os == "darwin"

    @property
    def is_unreachable(self) -> bool:
        """Whether the machine is on but receives no packets: it sleeps, or its system has no network."""
        return self.site.faults.active(self.spec.name, "asleep") is not None or self.switch_faults.network_is_down

    @property
    def sshd_unit(self) -> str:
        """The name of the SSH server's systemd unit."""
        return "ssh.service" if self.phase == "debian" else "sshd.service"

    @property
    def root(self) -> Root:
        """The root file system of the running system."""
        return {"installer": self.installer, "initrd": self.initrd}.get(self.record.phase, self.disk)

    def log(self, text: str) -> None:
        """Writes a line to the datacenter's log."""
        print(f"{time.strftime('%H:%M:%S')} {self.spec.name}: {text}", flush=True)

    def record_connection(self, event: str, port: int, **facts: Any) -> None:
        """Appends one line to `connections.jsonl`."""
        entry = {"at": time.time(), "event": event, "user": None, "command": None, "port": port} | facts
        with (self.folder / "connections.jsonl").open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def save(self) -> None:
        """Writes `machine.json`."""
        self.record.save(self.folder / "machine.json")

    def authorized_keys(self, user: str) -> str:
        """Returns the keys that may log in as a user, in the format of an `authorized_keys` file."""
        if user == "root" and self.phase in ("debian", "darwin") and not self.spec.root_login:
            return ""
        files = (f"{disks.home(self.spec, user)}/.ssh/authorized_keys", f"{activation.KEYS_FOLDER}/{user}")
        return "".join(self.root.read(path).decode() for path in files if self.root.exists(path))

    async def make(self) -> None:
        """Writes the disk of a new machine and boots it."""
        disks.provision(self.disk, self.spec)
        await self.power.boot()

    async def resume(self) -> None:
        """Continues after a restart of the daemon: the same system runs, with the same files, keys and boot id."""
        if self.phase == "rebooting":
            await self.power.boot()
        elif self.phase in ("crashed", "off"):
            await self.power.stop_answering(self.phase)
        else:
            self.units.resume()
            await self.ports.reconcile()

    async def simulate_duration(self, seconds: float) -> None:
        """Waits for a duration that the fault `slow` multiplies. Without that fault no time passes."""
        if slow := self.site.faults.active(self.spec.name, "slow"):
            await asyncio.sleep(seconds * float(slow.parameter or 1))

    def erase_disk(self) -> None:
        """Wipes the disk and mounts the empty disk at /mnt of the installer."""
        shutil.rmtree(self.disk.base, ignore_errors=True)
        self.record.disk = "blank"
        self.record.luks = None
        self.record.proven, self.record.spoilt = [], {}
        self.installer.clear("/mnt")
        self.save()

    async def heal(self) -> None:
        """Repairs the machine on site; a hung machine is power-cycled."""
        self.switch_faults.heal()
        if self.phase == "crashed":
            await self.power.off()
            await self.power.on()
        await self.ports.reconcile()

    def reload_host_key(self) -> None:
        """Uses the current host key of the system for new connections."""
        self.ports.use_current_host_key()

    async def change(self, spec: MachineSpec) -> None:
        """Applies a changed spec in place."""
        firewall_changed = spec.allowed_ports != self.spec.allowed_ports
        self.record.spec = spec
        if self.phase in ("debian", "darwin"):
            disks.write_authorized_keys(self.root, spec)
        elif self.phase == "nixos":
            activation.write_authorized_keys(self)
        self.save()
        if firewall_changed:
            await self.ports.reconcile()

    async def close(self) -> None:
        """Drops every connection and closes every port."""
        await self.ports.close()

    async def end(self) -> None:
        """Closes everything permanently, even during a reboot."""
        self.units.cancel_tasks()
        await self.power.end()
        await self.close()
