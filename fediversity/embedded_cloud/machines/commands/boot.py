"""Implements commands for the whole machine: name, identity, reboot, kexec and disk unlock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fediversity.embedded_cloud.machines import disks

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.call import Call, Command

_WRONG_PASSPHRASES = 3


async def hostname(call: Call) -> int:
    """`hostname`"""
    if call.arguments:
        return call.unsupported()
    machine = call.machine
    call.print_out(machine.spec.hostname if machine.is_darwin else machine.root.text("/etc/hostname"))
    return 0


async def uname(call: Call) -> int:
    """`uname [-s|-m]`"""
    architecture = call.machine.spec.system.split("-")[0]
    match call.arguments:
        case [] | ["-s"]:
            call.print_out("Darwin" if call.machine.is_darwin else "Linux")
        case ["-m"]:
            call.print_out("arm64" if call.machine.is_darwin and architecture == "aarch64" else architecture)
        case _:
            return call.unsupported()
    return 0


async def user_id(call: Call) -> int:
    """`id -u`"""
    if call.arguments != ("-u",):
        return call.unsupported()
    first_user = "501" if call.machine.is_darwin else "1000"
    call.print_out("0" if call.is_root else first_user)
    return 0


async def reboot(call: Call) -> int:
    """`reboot`: the connection drops before an answer"""
    if call.arguments:
        return call.unsupported()
    if not call.is_root:
        return call.fail("Operation not permitted")
    call.machine.power.reboot()
    await call.wait_closed()
    return 0


async def kexec_run(call: Call) -> int:
    """nixos-anywhere's `kexec/run --kexec-extra-flags FLAGS`: boots the installer; the connection drops"""
    if not call.is_root:
        return call.fail("Operation not permitted")
    if not call.machine.root.exists(f"{disks.home(call.machine.spec, 'root')}/kexec/kexec/run"):
        return call.fail("No such file or directory")
    call.print_out("machine will boot into nixos in 6s (simulated)")
    call.machine.power.kexec()
    await call.wait_closed()
    return 0


async def unlock(call: Call) -> int:
    """The initrd's `systemctl default`: asks for the passphrase on the terminal

    Its password agent requires a terminal (clan's notes on release 26.05): `ssh -o RequestTTY=force`.
    """
    if call.arguments != ("default",):
        return call.unsupported()
    if not call.terminal:
        call.print_error(
            "simulated initrd: no terminal to ask for the passphrase on (ssh -o RequestTTY=force gives one)"
        )
        return 1
    for _ in range(_WRONG_PASSPHRASES):
        call.write_out(b"Please enter passphrase for disk crypted (simulated): ")
        line = await call.stdin.readline()
        if not line:
            break
        if call.machine.power.unlock(line.rstrip(b"\r\n")):
            call.print_out("")
            return 0
        call.print_out("")
    call.print_error("Failed to start default.target: no passphrase opens the disk (simulated)")
    return 1


COMMANDS: dict[str, Command] = {"hostname": hostname, "uname": uname, "id": user_id}
LINUX: dict[str, Command] = {"reboot": reboot}
INITRD: dict[str, Command] = {"systemctl": unlock}
PROGRAMS: dict[str, Command] = {"kexec-run": kexec_run}
