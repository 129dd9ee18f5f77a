"""Implements commands that report facts of a machine: free disk space and the time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.call import Call, Command

_DISK_KB = 40 * 1024 * 1024
_FREE_KB = 30 * 1024 * 1024
_FREE_KB_WHEN_FULL = 12 * 1024
_DARWIN_HEAD = "Filesystem     1024-blocks      Used Available Capacity iused ifree %iused  Mounted on"


async def df(call: Call) -> int:
    """GNU `df --output=avail -B1 PATH`; macOS' `df -k PATH`"""
    machine = call.machine
    full = machine.site.faults.active(machine.spec.name, "disk-full") is not None
    free = _FREE_KB_WHEN_FULL if full else _FREE_KB
    match call.arguments:
        case ["--output=avail", "-B1", path] if not machine.is_darwin:
            if not machine.root.exists(path):
                return call.fail(f"{path}: No such file or directory")
            number = str(free * 1024)
            width = max(len(number), len("Avail"))
            call.print_out(f"{'Avail':>{width}}\n{number:>{width}}")
            return 0
        case ["-k", path] if machine.is_darwin:
            if path != "/nix" and not machine.root.exists(path):
                return call.fail(f"{path}: No such file or directory")
            used = _DISK_KB - free
            share = f"{round(100 * used / _DISK_KB)}%"
            row = f"/dev/disk3s7  {_DISK_KB:>12} {used:>9} {free:>9} {share:>8} 10000 {free * 10} 1%   {path}"
            call.print_out(f"{_DARWIN_HEAD}\n{row}")
            return 0
    return call.unsupported()


async def date(call: Call) -> int:
    """`date +%s`"""
    if call.arguments != ("+%s",):
        return call.unsupported()
    fault = call.machine.site.faults.active(call.machine.spec.name, "clock")
    call.print_out(str(int(time.time()) + int(fault.parameter or 0 if fault else 0)))
    return 0


COMMANDS: dict[str, Command] = {"df": df, "date": date}
