"""The power of a simulated machine: how it starts and restarts, what survives that, and what it leaves for what."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fediversity.embedded_cloud.machines import activation, profiles
from fediversity.embedded_cloud.machines.spec import ImageOs
from fediversity.support.constants import INSTALLER_MEMORY_MIB

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from fediversity.embedded_cloud.machines.filesystem import Root
    from fediversity.embedded_cloud.machines.machine import Machine
    from fediversity.embedded_cloud.machines.record import Phase

BOOT_SECONDS = 0.3
"""From a reboot to the next answer. Real machines take a minute; what matters is that it is not at once."""

_MEMINFO = """\
MemTotal:       {total:8} kB
MemFree:        {free:8} kB
MemAvailable:   {free:8} kB
SwapTotal:             0 kB
"""


class Power:
    """What one machine goes through from being switched on to going silent."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._transition: asyncio.Task[None] | None = None

    async def boot(self) -> None:
        """Starts what is on the disk."""
        machine = self._machine
        machine.record.boot_id = str(uuid.uuid4())
        disk = machine.record.disk
        if disk == "blank":
            machine.log("no bootable disk")
            await self.go_silent("crashed")
        elif machine.record.luks is not None:
            await self._boot_initrd()
        else:
            await self._boot_disk(disk)

    async def _boot_disk(self, system: ImageOs) -> None:
        machine = self._machine
        machine.record.phase = system
        self._fresh_run(machine.disk)
        if system == "nixos":
            activation.activate_nixos(machine, machine.disk.text(profiles.BOOT_DEFAULT))
        elif machine.is_darwin and machine.disk.exists(profiles.SYSTEM):
            machine.disk.link(profiles.CURRENT, machine.disk.canonical(profiles.SYSTEM))
        machine.troubles.booted()
        machine.save()
        await machine.ports.settle()

    async def _boot_initrd(self) -> None:
        machine = self._machine
        machine.record.phase = "initrd"
        shutil.rmtree(machine.initrd.base, ignore_errors=True)
        self._fresh_run(machine.initrd)
        for name in machine.disk.names(activation.INITRD):
            machine.initrd.write(f"/etc/ssh/{name}", machine.disk.read(f"{activation.INITRD}/{name}"), 0o600)
        machine.initrd.write("/etc/initrd-release", "ID=nixos\nNAME=NixOS\n")
        machine.initrd.write(f"{activation.KEYS_FOLDER}/root", machine.initrd.read("/etc/ssh/authorized_keys"))
        machine.save()
        await machine.ports.settle()

    def _fresh_run(self, root: Root) -> None:
        """What does not survive a boot: `/run`, `/tmp`, the kernel's files, and systemd's transient units."""
        machine = self._machine
        machine.units.reboot()
        root.clear("/run")
        root.clear("/tmp")  # noqa: S108  the machine's, not this computer's
        if not machine.is_darwin:
            root.write("/proc/sys/kernel/random/boot_id", f"{machine.record.boot_id}\n")
            total = machine.spec.memory_mb * 1024
            root.write("/proc/meminfo", _MEMINFO.format(total=total, free=total * 9 // 10))

    async def _take_time_to_boot(self) -> None:
        machine = self._machine
        slow = machine.site.faults.present(machine.spec.name, "slow")
        await asyncio.sleep(BOOT_SECONDS * (float(slow.parameter or 1) if slow else 1))

    def unlock(self, passphrase: bytes) -> bool:
        """Tries a passphrase on the disk; the right one starts the system a moment later."""
        machine = self._machine
        if not machine.record.opens(passphrase):
            return False
        self._begin(self._leave_initrd())
        return True

    async def _leave_initrd(self) -> None:
        machine = self._machine
        await self._take_time_to_boot()
        await machine.close()
        await self._boot_disk("nixos")

    def reboot(self) -> None:
        """Goes down at once and boots from the disk a moment later."""
        self._begin(self._reboot())

    async def _reboot(self) -> None:
        machine = self._machine
        await machine.close()
        self._leave_installer()
        machine.units.reboot()
        if machine.site.faults.happens(machine.spec.name, "reboot-hangs"):
            machine.log("hangs in the middle of a reboot")
            await self.go_silent("crashed")
            return
        machine.record.phase = "rebooting"
        machine.save()
        await self._take_time_to_boot()
        await self.boot()

    def _leave_installer(self) -> None:
        """What the installer wrote under /mnt is the disk from now on."""
        machine = self._machine
        if machine.record.disk == "blank" and machine.installer.exists(f"/mnt{profiles.BOOT_DEFAULT}"):
            shutil.rmtree(machine.disk.base, ignore_errors=True)
            machine.installer.host("/mnt").rename(machine.disk.base)
            machine.record.disk = "nixos"
        shutil.rmtree(machine.installer.base, ignore_errors=True)

    def kexec(self) -> None:
        """Leaves the system for the installer in memory, which needs more of it than the smallest servers have."""
        self._begin(self._kexec())

    async def _kexec(self) -> None:
        machine = self._machine
        await machine.close()
        struck = machine.site.faults.happens(machine.spec.name, "kexec-oom")
        if struck or machine.spec.memory_mb < INSTALLER_MEMORY_MIB:
            machine.log(f"kexec killed: out of memory ({machine.spec.memory_mb} MB, needs {INSTALLER_MEMORY_MIB})")
            await self.go_silent("crashed")
            return
        await self._take_time_to_boot()
        self._enter_installer()
        await machine.ports.settle()

    def _enter_installer(self) -> None:
        """The installer keeps the keys of the system before it, hosts' and users', as the real image does."""
        machine = self._machine
        machine.record.boot_id = str(uuid.uuid4())
        host_key = machine.root.read(activation.host_key_path(machine.root))
        authorized = machine.authorized_keys("root")
        shutil.rmtree(machine.installer.base, ignore_errors=True)
        self._fresh_run(machine.installer)
        activation.furnish_installer(machine.installer, host_key, authorized)
        machine.record.phase = "installer"
        machine.save()

    async def on(self) -> None:
        """Boots a machine that is off or crashed."""
        machine = self._machine
        if machine.phase in ("crashed", "off"):
            await machine.close()
            await self.boot()

    async def off(self) -> None:
        """Nothing answers from now on; what was in memory is lost, the installer with it."""
        machine = self._machine
        await machine.close()
        machine.units.reboot()
        self._leave_installer()
        await self.go_silent("off")

    async def go_silent(self, phase: Phase) -> None:
        """Crashed: connections are taken and never answered, so clients time out. Off: nobody is there."""
        machine = self._machine
        machine.record.phase = phase
        machine.save()
        await machine.ports.settle()

    @property
    def is_between(self) -> bool:
        """Whether it is leaving one thing it runs for another; its ports are then settled at the end of that."""
        return self._transition is not None and not self._transition.done()

    def _begin(self, transition: Coroutine[Any, Any, None]) -> None:
        self._transition = asyncio.create_task(self._supervise(transition))

    async def _supervise(self, transition: Coroutine[Any, Any, None]) -> None:
        """A machine that fails to boot is a crashed machine, and the log says why."""
        machine = self._machine
        try:
            await transition
        except Exception as error:
            machine.log(f"crashed: {error!r}")
            await machine.close()
            await self.go_silent("crashed")

    async def end(self) -> None:
        """Ends what is under way, for good."""
        if self._transition is not None:
            self._transition.cancel()
            with suppress(asyncio.CancelledError):
                await self._transition
