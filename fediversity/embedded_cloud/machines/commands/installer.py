"""Implements the commands of nixos-anywhere's kexec installer: formatting the disk and installing a system."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from fediversity.embedded_cloud.machines import activation, profiles
from fediversity.embedded_cloud.machines.commands.boot import PROGRAMS as KEXEC

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.call import Call, Command


async def disko(call: Call) -> int:
    """The disko script of a machine: erases the disk, encrypts the new one if configured, and mounts it"""
    machine = call.machine
    if call.arguments or machine.phase != "installer":
        return call.unsupported()
    settings = json.loads(machine.root.text(call.argv[0]).partition("\n")[2])
    password_file = settings["passwordFile"]
    if password_file is not None and not machine.root.exists(password_file):
        return call.fail(f"cryptsetup: cannot read the key file {password_file}: No such file or directory")
    machine.erase_disk()
    if password_file is not None:
        machine.record.encrypt(machine.root.read(password_file))
    by = call.environment["CLIENT_KEY"]
    machine.record.install_log.append({"started": time.time(), "completed": None, "by": by})
    machine.save()
    call.print_out("formatted /dev/sda (simulated)")
    return 0


async def nixos_install(call: Call) -> int:
    """`nixos-install --no-root-passwd --no-channel-copy --system PATH`: boot loader and profile under /mnt"""
    machine = call.machine
    match call.arguments:
        case ["--no-root-passwd", "--no-channel-copy", "--system", system]:
            if machine.record.disk != "blank":
                return call.fail("/mnt is not mounted")
            disk = machine.root.below("/mnt")
            try:
                activation.install_boot_loader(disk, system, machine.authorized_keys("root"))
            except activation.ActivationError as error:
                return call.fail(str(error))
            profiles.set_system(disk, system)
            machine.record.installs += 1
            machine.record.install_log[-1]["completed"] = time.time()
            machine.save()
            call.print_out("installation finished! (simulated)")
            return 0
    return call.unsupported()


async def nixos_facter(call: Call) -> int:
    """`nixos-facter`: the hardware report"""
    if call.arguments:
        return call.unsupported()
    machine = call.machine
    report = {
        "version": 1,
        "simulated": True,
        "system": machine.spec.system,
        "virtualisation": "none" if machine.spec.provider == "host" else "kvm",
        "hardware": {"memory_mb": machine.spec.memory_mb},
    }
    call.print_out(json.dumps(report, indent=2))
    return 0


async def nixos_generate_config(call: Call) -> int:
    """`nixos-generate-config --show-hardware-config --no-filesystems`"""
    if call.arguments != ("--show-hardware-config", "--no-filesystems"):
        return call.unsupported()
    call.print_out(f'# simulated\n{{ nixpkgs.hostPlatform = "{call.machine.spec.system}"; }}')
    return 0


COMMANDS: dict[str, Command] = {
    "nixos-install": nixos_install,
    "nixos-facter": nixos_facter,
    "nixos-generate-config": nixos_generate_config,
}
PROGRAMS: dict[str, Command] = KEXEC | {"disko": disko}
