"""One simulated machine: its disk, its power, what it runs, and the ports that answer."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fediversity.local.machines import activation, disks, profiles
from fediversity.local.machines.filesystem import Root
from fediversity.local.machines.ports import Ports
from fediversity.local.machines.record import Phase, Record
from fediversity.local.machines.spec import INSTALLER_MEMORY_MB, ImageOs, MachineSpec
from fediversity.local.machines.troubles import Troubles
from fediversity.local.machines.units import Units

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from fediversity.local.machines.site import Site

BOOT_SECONDS = 0.3
"""From a reboot to the next answer. Real machines take a minute; what matters is that it is not at once."""

_MEMINFO = """\
MemTotal:       {total:8} kB
MemFree:        {free:8} kB
MemAvailable:   {free:8} kB
SwapTotal:             0 kB
"""


class Machine:
    """A machine of a site. Its folder holds `machine.json`, `connections.jsonl` and the file systems."""

    def __init__(self, folder: Path, record: Record, site: Site) -> None:
        self.folder = folder
        self.record = record
        self.site = site
        self.disk = Root(folder / "root")
        self._installer = Root(folder / "installer")
        self._initrd = Root(folder / "initrd")
        self.ports = Ports(self)
        self.units = Units(self)
        self.troubles = Troubles(self)
        self.switching = asyncio.Lock()
        self._transition: asyncio.Task[None] | None = None

    @property
    def spec(self) -> MachineSpec:
        """The machine as its provider made it."""
        return self.record.spec

    @property
    def phase(self) -> Phase:
        """What runs now."""
        return self.record.phase

    @property
    def is_darwin(self) -> bool:
        """Whether this is a Mac."""
        return self.spec.image_os == "darwin"

    @property
    def is_cut_off(self) -> bool:
        """Whether it is on, but nothing it is sent arrives: it sleeps, or its system has no network."""
        return self.site.faults.present(self.spec.name, "asleep") is not None or self.troubles.network_is_down

    @property
    def sshd_unit(self) -> str:
        """What systemd calls the SSH server."""
        return "ssh.service" if self.phase == "debian" else "sshd.service"

    @property
    def root(self) -> Root:
        """The file system of what runs now."""
        return {"installer": self._installer, "initrd": self._initrd}.get(self.record.phase, self.disk)

    def log(self, text: str) -> None:
        """A line in the datacenter's log."""
        print(f"{time.strftime('%H:%M:%S')} {self.spec.name}: {text}", flush=True)

    def note_connection(self, event: str, port: int, **facts: Any) -> None:
        """One line of `connections.jsonl`."""
        entry = {"at": time.time(), "event": event, "user": None, "command": None, "port": port} | facts
        with (self.folder / "connections.jsonl").open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def save(self) -> None:
        """Writes `machine.json`."""
        self.record.save(self.folder / "machine.json")

    def authorized_keys(self, user: str) -> str:
        """The keys that may log in as a user, in the form of an `authorized_keys` file."""
        if user == "root" and self.phase in ("debian", "darwin") and not self.spec.root_login:
            return ""
        files = (f"{disks.home(self.spec, user)}/.ssh/authorized_keys", f"{activation.KEYS_FOLDER}/{user}")
        return "".join(self.root.read(path).decode() for path in files if self.root.exists(path))

    async def make(self) -> None:
        """Writes the disk of a new machine and boots it."""
        disks.provision(self.disk, self.spec)
        await self.boot()

    async def resume(self) -> None:
        """Goes on after the daemon was away: what ran still runs, with the same files, keys and boot id."""
        if self.phase == "rebooting":
            await self.boot()
        elif self.phase in ("crashed", "off"):
            await self._go_silent(self.phase)
        else:
            self.units.resume()
            await self.ports.settle()

    async def boot(self) -> None:
        """Starts what is on the disk."""
        self.record.boot_id = str(uuid.uuid4())
        disk = self.record.disk
        if disk == "blank":
            self.log("no bootable disk")
            await self._go_silent("crashed")
        elif self.record.luks is not None:
            await self._boot_initrd()
        else:
            await self._boot_disk(disk)

    async def _boot_disk(self, system: ImageOs) -> None:
        self.record.phase = system
        self._fresh_run(self.disk)
        if system == "nixos":
            activation.activate_nixos(self, self.disk.text(profiles.BOOT_DEFAULT))
        elif self.is_darwin and self.disk.exists(profiles.SYSTEM):
            self.disk.link(profiles.CURRENT, self.disk.canonical(profiles.SYSTEM))
        self.troubles.booted()
        self.save()
        await self.ports.settle()

    async def _boot_initrd(self) -> None:
        self.record.phase = "initrd"
        shutil.rmtree(self._initrd.base, ignore_errors=True)
        self._fresh_run(self._initrd)
        for name in self.disk.names(activation.INITRD):
            self._initrd.write(f"/etc/ssh/{name}", self.disk.read(f"{activation.INITRD}/{name}"), 0o600)
        self._initrd.write("/etc/initrd-release", "ID=nixos\nNAME=NixOS\n")
        self._initrd.write(f"{activation.KEYS_FOLDER}/root", self._initrd.read("/etc/ssh/authorized_keys"))
        self.save()
        await self.ports.settle()

    def _fresh_run(self, root: Root) -> None:
        """What does not survive a boot: `/run`, `/tmp`, the kernel's files, and systemd's transient units."""
        self.units.reboot()
        root.clear("/run")
        root.clear("/tmp")  # noqa: S108  the machine's, not this computer's
        if not self.is_darwin:
            root.write("/proc/sys/kernel/random/boot_id", f"{self.record.boot_id}\n")
            total = self.spec.memory_mb * 1024
            root.write("/proc/meminfo", _MEMINFO.format(total=total, free=total * 9 // 10))

    async def pass_time(self, seconds: float) -> None:
        """What takes so long on a slow machine; on others nothing takes any time."""
        if slow := self.site.faults.present(self.spec.name, "slow"):
            await asyncio.sleep(seconds * float(slow.parameter or 1))

    async def _take_time_to_boot(self) -> None:
        slow = self.site.faults.present(self.spec.name, "slow")
        await asyncio.sleep(BOOT_SECONDS * (float(slow.parameter or 1) if slow else 1))

    def unlock(self, passphrase: bytes) -> bool:
        """Tries a passphrase on the disk; the right one starts the system a moment later."""
        if not self.record.opens(passphrase):
            return False
        self._begin(self._leave_initrd())
        return True

    async def _leave_initrd(self) -> None:
        await self._take_time_to_boot()
        await self.close()
        await self._boot_disk("nixos")

    def reboot(self) -> None:
        """Goes down at once and boots from the disk a moment later."""
        self._begin(self._reboot())

    async def _reboot(self) -> None:
        await self.close()
        self._leave_installer()
        self.units.reboot()
        if self.site.faults.happens(self.spec.name, "reboot-hangs"):
            self.log("hangs in the middle of a reboot")
            await self._go_silent("crashed")
            return
        self.record.phase = "rebooting"
        self.save()
        await self._take_time_to_boot()
        await self.boot()

    def _leave_installer(self) -> None:
        """What the installer wrote under /mnt is the disk from now on."""
        if self.record.disk == "blank" and self._installer.exists(f"/mnt{profiles.BOOT_DEFAULT}"):
            shutil.rmtree(self.disk.base, ignore_errors=True)
            self._installer.host("/mnt").rename(self.disk.base)
            self.record.disk = "nixos"
        shutil.rmtree(self._installer.base, ignore_errors=True)

    def kexec(self) -> None:
        """Leaves the system for the installer in memory, which needs more of it than the smallest servers have."""
        self._begin(self._kexec())

    async def _kexec(self) -> None:
        await self.close()
        struck = self.site.faults.happens(self.spec.name, "kexec-oom")
        if struck or self.spec.memory_mb < INSTALLER_MEMORY_MB:
            self.log(f"kexec killed: out of memory ({self.spec.memory_mb} MB, needs {INSTALLER_MEMORY_MB})")
            await self._go_silent("crashed")
            return
        await self._take_time_to_boot()
        self._enter_installer()
        await self.ports.settle()

    def _enter_installer(self) -> None:
        """The installer keeps the keys of the system before it, hosts' and users', as the real image does."""
        self.record.boot_id = str(uuid.uuid4())
        host_key = self.root.read(activation.host_key_path(self.root))
        authorized = self.authorized_keys("root")
        shutil.rmtree(self._installer.base, ignore_errors=True)
        self._fresh_run(self._installer)
        activation.furnish_installer(self._installer, host_key, authorized)
        self.record.phase = "installer"
        self.save()

    def erase_disk(self) -> None:
        """Wipes the disk and mounts the empty one under /mnt of the installer."""
        shutil.rmtree(self.disk.base, ignore_errors=True)
        self.record.disk = "blank"
        self.record.luks = None
        self.record.proven, self.record.spoilt = [], {}
        self._installer.clear("/mnt")
        self.save()

    async def power_on(self) -> None:
        """Boots a machine that is off or crashed."""
        if self.phase in ("crashed", "off"):
            await self.close()
            await self.boot()

    async def power_off(self) -> None:
        """Nothing answers from now on; what was in memory is lost, the installer with it."""
        await self.close()
        self.units.reboot()
        self._leave_installer()
        await self._go_silent("off")

    async def heal(self) -> None:
        """Somebody repairs the machine on the spot; one that hangs is power-cycled."""
        self.troubles.heal()
        if self.phase == "crashed":
            await self.power_off()
            await self.power_on()
        await self.ports.settle()

    async def _go_silent(self, phase: Phase) -> None:
        """Crashed: connections are taken and never answered, so clients time out. Off: nobody is there."""
        self.record.phase = phase
        self.save()
        await self.ports.settle()

    def reload_host_key(self) -> None:
        """New connections meet the host key that the system has now."""
        self.ports.show_host_key()

    async def change(self, spec: MachineSpec) -> None:
        """Takes a changed spec in place."""
        firewall_changed = spec.allowed_ports != self.spec.allowed_ports
        self.record.spec = spec
        if self.phase in ("debian", "darwin"):
            disks.write_authorized_keys(self.root, spec)
        elif self.phase == "nixos":
            activation.write_authorized_keys(self)
        self.save()
        if firewall_changed:
            await self.ports.settle()

    @property
    def is_between(self) -> bool:
        """Whether it is leaving one thing it runs for another; its ports are then settled at the end of that."""
        return self._transition is not None and not self._transition.done()

    def _begin(self, transition: Coroutine[Any, Any, None]) -> None:
        self._transition = asyncio.create_task(self._supervise(transition))

    async def _supervise(self, transition: Coroutine[Any, Any, None]) -> None:
        """A machine that fails to boot is a crashed machine, and the log says why."""
        try:
            await transition
        except Exception as error:
            self.log(f"crashed: {error!r}")
            await self.close()
            await self._go_silent("crashed")

    async def close(self) -> None:
        """Drops every connection and closes every port."""
        await self.ports.close()

    async def end(self) -> None:
        """Closes everything for good, in the middle of a reboot too."""
        self.units.halt()
        if self._transition is not None:
            self._transition.cancel()
            with suppress(asyncio.CancelledError):
                await self._transition
        await self.close()
