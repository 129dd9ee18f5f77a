"""Simulates the power and boot sequence of a machine: boot, reboot, kexec, and what survives each."""

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
"""Time from a reboot to the next answer. Real machines take a minute; it only matters that this is not instantaneous.
"""

_MEMINFO = """\
MemTotal:       {total:8} kB
MemFree:        {free:8} kB
MemAvailable:   {free:8} kB
SwapTotal:             0 kB
"""


class Power:
    """The power state of one machine, and its transitions."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._transition: asyncio.Task[None] | None = None

    async def boot(self) -> None:
        """Boots from the disk."""
        machine = self._machine
        machine.record.boot_id = str(uuid.uuid4())
        disk = machine.record.disk
        if disk == "blank":
            machine.log("no bootable disk")
            await self.stop_answering("crashed")
        elif machine.record.luks is not None:
            await self._boot_initrd()
        else:
            await self._boot_disk(disk)

    async def _boot_disk(self, system: ImageOs) -> None:
        machine = self._machine
        machine.record.phase = system
        self._reset_volatile_state(machine.disk)
        if system == "nixos":
            activation.activate_nixos(machine, machine.disk.text(profiles.BOOT_DEFAULT))
        elif machine.is_darwin and machine.disk.exists(profiles.SYSTEM):
            machine.disk.link(profiles.CURRENT, machine.disk.canonical(profiles.SYSTEM))
        machine.switch_faults.record_boot()
        machine.save()
        await machine.ports.reconcile()

    async def _boot_initrd(self) -> None:
        machine = self._machine
        machine.record.phase = "initrd"
        shutil.rmtree(machine.initrd.base, ignore_errors=True)
        self._reset_volatile_state(machine.initrd)
        for name in machine.disk.names(activation.INITRD):
            machine.initrd.write(f"/etc/ssh/{name}", machine.disk.read(f"{activation.INITRD}/{name}"), 0o600)
        machine.initrd.write("/etc/initrd-release", "ID=nixos\nNAME=NixOS\n")
        machine.initrd.write(f"{activation.KEYS_FOLDER}/root", machine.initrd.read("/etc/ssh/authorized_keys"))
        machine.save()
        await machine.ports.reconcile()

    def _reset_volatile_state(self, root: Root) -> None:
        """Resets what does not survive a boot: `/run`, `/tmp`, the kernel's files, and systemd's transient units."""
        machine = self._machine
        machine.units.reboot()
        root.clear("/run")
        root.clear("/tmp")  # noqa: S108  the machine's, not this computer's
        if not machine.is_darwin:
            root.write("/proc/sys/kernel/random/boot_id", f"{machine.record.boot_id}\n")
            total = machine.spec.memory_mb * 1024
            root.write("/proc/meminfo", _MEMINFO.format(total=total, free=total * 9 // 10))

    async def _wait_for_boot(self) -> None:
        machine = self._machine
        slow = machine.site.faults.active(machine.spec.name, "slow")
        await asyncio.sleep(BOOT_SECONDS * (float(slow.parameter or 1) if slow else 1))

    def unlock(self, passphrase: bytes) -> bool:
        """Tries a passphrase on the disk. The right one starts the system a moment later."""
        machine = self._machine
        if not machine.record.opens(passphrase):
            return False
        self._start_transition(self._leave_initrd())
        return True

    async def _leave_initrd(self) -> None:
        machine = self._machine
        await self._wait_for_boot()
        await machine.close()
        await self._boot_disk("nixos")

    def reboot(self) -> None:
        """Shuts down at once and boots from the disk a moment later."""
        self._start_transition(self._reboot())

    async def _reboot(self) -> None:
        machine = self._machine
        await machine.close()
        self._adopt_installed_disk()
        machine.units.reboot()
        if machine.site.faults.trigger(machine.spec.name, "reboot-hangs"):
            machine.log("hangs in the middle of a reboot")
            await self.stop_answering("crashed")
            return
        machine.record.phase = "rebooting"
        machine.save()
        await self._wait_for_boot()
        await self.boot()

    def _adopt_installed_disk(self) -> None:
        """Makes the content of the installer's /mnt the disk."""
        machine = self._machine
        if machine.record.disk == "blank" and machine.installer.exists(f"/mnt{profiles.BOOT_DEFAULT}"):
            shutil.rmtree(machine.disk.base, ignore_errors=True)
            machine.installer.host("/mnt").rename(machine.disk.base)
            machine.record.disk = "nixos"
        shutil.rmtree(machine.installer.base, ignore_errors=True)

    def kexec(self) -> None:
        """Boots the installer into memory; the smallest servers have too little of it."""
        self._start_transition(self._kexec())

    async def _kexec(self) -> None:
        machine = self._machine
        await machine.close()
        triggered = machine.site.faults.trigger(machine.spec.name, "kexec-oom")
        if triggered or machine.spec.memory_mb < INSTALLER_MEMORY_MIB:
            machine.log(f"kexec killed: out of memory ({machine.spec.memory_mb} MB, needs {INSTALLER_MEMORY_MIB})")
            await self.stop_answering("crashed")
            return
        await self._wait_for_boot()
        self._enter_installer()
        await machine.ports.reconcile()

    def _enter_installer(self) -> None:
        """Starts the installer, which keeps the host and user keys of the previous system, as the real image does."""
        machine = self._machine
        machine.record.boot_id = str(uuid.uuid4())
        host_key = machine.root.read(activation.host_key_path(machine.root))
        authorized = machine.authorized_keys("root")
        shutil.rmtree(machine.installer.base, ignore_errors=True)
        self._reset_volatile_state(machine.installer)
        activation.write_installer_files(machine.installer, host_key, authorized)
        machine.record.phase = "installer"
        machine.save()

    async def on(self) -> None:
        """Boots a machine that is off or crashed."""
        machine = self._machine
        if machine.phase in ("crashed", "off"):
            await machine.close()
            await self.boot()

    async def off(self) -> None:
        """Switches the machine off: nothing answers, and the memory, including the installer, is lost."""
        machine = self._machine
        await machine.close()
        machine.units.reboot()
        self._adopt_installed_disk()
        await self.stop_answering("off")

    async def stop_answering(self, phase: Phase) -> None:
        """Enters a phase without answers. Crashed: connections are accepted and never answered. Off: connections are
        refused.
        """
        machine = self._machine
        machine.record.phase = phase
        machine.save()
        await machine.ports.reconcile()

    @property
    def in_transition(self) -> bool:
        """Whether a transition between two phases is in progress; it reconciles the ports when it ends."""
        return self._transition is not None and not self._transition.done()

    def _start_transition(self, transition: Coroutine[Any, Any, None]) -> None:
        self._transition = asyncio.create_task(self._supervise(transition))

    async def _supervise(self, transition: Coroutine[Any, Any, None]) -> None:
        """Awaits a transition. A machine that fails to boot is crashed, and the log says why."""
        machine = self._machine
        try:
            await transition
        except Exception as error:
            machine.log(f"crashed: {error!r}")
            await machine.close()
            await self.stop_answering("crashed")

    async def end(self) -> None:
        """Cancels a transition in progress, permanently."""
        if self._transition is not None:
            self._transition.cancel()
            with suppress(asyncio.CancelledError):
                await self._transition
