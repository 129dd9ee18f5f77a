"""Commands that run other commands: shells, `sudo`, `setsid`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fediversity.local.machines.call import Call, Command


async def shell(call: Call) -> int:
    """`bash -c LINE [NAME [ARGUMENT…]]`; `-lc` for a login shell"""
    from fediversity.local.machines.interpreter import run_line  # noqa: PLC0415  they call each other

    match call.arguments:
        case ["-c" | "-lc", line, *arguments]:
            return await run_line(call, line, arguments)
    return call.unsupported()


async def leave(call: Call) -> int:
    """`exit [STATUS]`"""
    match call.arguments:
        case []:
            return 0
        case [status] if status.isdigit():
            return int(status)
    return call.unsupported()


async def sudo(call: Call) -> int:
    """`sudo [-n|-A] [--] COMMAND…`, without a password or not at all: nobody is there to type one"""
    from fediversity.local.machines.interpreter import run_command  # noqa: PLC0415

    match call.arguments:
        case ["-n" | "-A", "--", *command] | ["-n" | "-A", *command] | ["--", *command] | [*command]:
            if not command or command[0].startswith("-"):
                return call.unsupported()
            if not call.is_root and not call.machine.spec.bootstrapped:
                return call.fail("a password is required")
            return await run_command(call.with_argv(tuple(command), user="root"))
    return call.unsupported()


async def setsid(call: Call) -> int:
    """`setsid --wait COMMAND…`"""
    from fediversity.local.machines.interpreter import run_command  # noqa: PLC0415

    match call.arguments:
        case ["--wait", *command] if command:
            return await run_command(call.with_argv(tuple(command)))
    return call.unsupported()


COMMANDS: dict[str, Command] = {"bash": shell, "sh": shell, "exit": leave, "setsid": setsid}
SUDO: dict[str, Command] = {"sudo": sudo}
