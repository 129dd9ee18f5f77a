"""Implements commands that run other commands: shells, `sudo`, `setsid`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fediversity.embedded_cloud.machines.commands import guard

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.call import Call, Command

_NO_TERMINAL = (
    "a terminal is required to read the password; either use the -S option to read from standard input"
    " or configure an askpass helper"
)
_NO_ASKPASS = "no password was provided"


async def shell(call: Call) -> int:
    """`bash -c LINE [NAME [ARGUMENT…]]`; `-lc` for a login shell"""
    match call.arguments:
        case ["-c", guard.SCRIPT, old, profile, seconds]:
            return await guard.guard(call, old, profile, seconds)
        case ["-c" | "-lc", line, *arguments]:
            return await call.interpreter.run_line(call, line, arguments)
    return call.unsupported()


async def echo(call: Call) -> int:
    """`echo WORD…`"""
    if call.arguments and call.arguments[0].startswith("-"):
        return call.unsupported()
    call.print_out(" ".join(call.arguments))
    return 0


async def exit_shell(call: Call) -> int:
    """`exit [STATUS]`"""
    match call.arguments:
        case []:
            return 0
        case [status] if status.isdigit():
            return int(status)
    return call.unsupported()


async def sudo(call: Call) -> int:
    """`sudo [-n|-A] [--] COMMAND…`, without a password prompt: no user could answer it"""
    match call.arguments:
        case ["-n" | "-A", "--", *command] | ["-n" | "-A", *command] | ["--", *command] | [*command]:
            if not command or command[0].startswith("-"):
                return call.unsupported()
            if not call.is_root and _requires_password(call):
                if "-n" not in call.arguments[:1]:
                    call.print_error(f"sudo: {_NO_ASKPASS if '-A' in call.arguments[:1] else _NO_TERMINAL}")
                return call.fail("a password is required")
            return await call.run(tuple(command), user="root")
    return call.unsupported()


def _requires_password(call: Call) -> bool:
    """Returns whether sudo requires a password: because it was never configured otherwise, or because of a fault."""
    if not call.machine.spec.bootstrapped:
        return True
    return call.machine.site.faults.trigger(call.machine.spec.name, "sudo-password") is not None


async def sleep(call: Call) -> int:
    """`sleep SECONDS`"""
    match call.arguments:
        case [seconds] if seconds.isdecimal():
            await asyncio.sleep(int(seconds))
            return 0
    return call.unsupported()


async def setsid(call: Call) -> int:
    """`setsid --wait COMMAND…`"""
    match call.arguments:
        case ["--wait", *command] if command:
            return await call.run(tuple(command))
    return call.unsupported()


COMMANDS: dict[str, Command] = {
    "bash": shell,
    "echo": echo,
    "sh": shell,
    "exit": exit_shell,
    "setsid": setsid,
    "sleep": sleep,
}
SUDO: dict[str, Command] = {"sudo": sudo}
