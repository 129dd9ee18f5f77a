"""Runs what an SSH session asks for: a line of simple commands, each a small function over the machine's files."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import asyncssh

from fediversity.local.machines import commands
from fediversity.local.machines.call import NOT_FOUND, Call
from fediversity.local.machines.shell import ShellError, parse
from fediversity.local.tools.system import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fediversity.local.machines.machine import Machine

_INTERNAL_ERROR = 70


async def run_session(machine: Machine, port: int, process: asyncssh.SSHServerProcess[bytes]) -> None:
    """One session of an SSH connection: runs its command and ends it with the command's status."""
    user = process.get_extra_info("username")
    machine.note_connection("exec", port, user=user, command=process.command)
    call = Call(
        machine=machine,
        user=user,
        argv=(),
        environment={"CLIENT_KEY": process.get_extra_info("key") or ""},
        stdin=_SessionInput(process.stdin),
        write_out=process.stdout.write,
        write_error=process.stderr.write,
        terminal=process.get_terminal_type() is not None,
        dropped=process.channel.wait_closed,
    )
    with suppress(OSError, asyncssh.Error):  # the client, or the machine, went away meanwhile
        process.exit(await _session_status(call, process.command))


async def _session_status(call: Call, line: str | None) -> int:
    if line is None:
        call.complain("simulated machines have no interactive shell; give ssh a command")
        return 1
    refused = await call.machine.site.faults.before_command(call.machine.spec.id, line)
    if refused is not None:
        return refused
    try:
        return await run_line(call, line)
    except (asyncssh.Error, ConnectionError):
        raise
    except Exception as error:
        call.machine.log(f"`{line}` failed inside the simulation: {error!r}")
        call.complain(f"simulated machine: internal error: {error!r}")
        return _INTERNAL_ERROR


async def run_line(call: Call, line: str, arguments: Sequence[str] = ()) -> int:
    """Runs a line as a shell would; `arguments` are `$0`, `$1` and so on."""
    try:
        sequence = parse(line, arguments)
    except ShellError as refusal:
        call.complain(f"bash: {refusal}")
        return NOT_FOUND
    status = 0
    for simple in sequence:
        if simple.connector == "&&" and status != 0:
            continue
        surroundings = call.with_argv(simple.argv, environment={**call.environment, **simple.environment})
        if simple.argv:
            status = await run_command(surroundings)
    return status


async def run_command(call: Call) -> int:
    """Runs one simple command: a known one, or a program that lies on the machine."""
    name = call.argv[0]
    if name in ("exec", "command") and call.arguments:
        return await run_command(call.with_argv(call.arguments))
    command = _program(call) if "/" in name else commands.table(call.machine).get(name)
    if command is None:
        call.complain(f"{name}: command not found (simulated machine)")
        return NOT_FOUND
    return await command(call)


def _program(call: Call) -> commands.Command | None:
    """The program a path leads to, by its first line; also the usual paths of known commands."""
    path = call.argv[0]
    with suppress(OSError, UnicodeDecodeError):
        first, _, _ = call.machine.root.text(path).partition("\n")
        if first.startswith(PROGRAM):
            return commands.PROGRAMS.get(first.removeprefix(PROGRAM))
    folder, _, name = path.rpartition("/")
    return commands.table(call.machine).get(name) if folder in commands.FOLDERS else None


class _SessionInput:
    """A session's input without the events of its terminal."""

    def __init__(self, reader: asyncssh.SSHReader[bytes]) -> None:
        self._reader = reader

    async def read(self, size: int = -1) -> bytes:
        return await self._reader.read(size)

    async def readline(self) -> bytes:
        while True:
            with suppress(asyncssh.TerminalSizeChanged):
                return await self._reader.readline()

    async def readexactly(self, size: int) -> bytes:
        return await self._reader.readexactly(size)
