"""Runs the command line of an SSH session: simple commands, each a small function over the machine's files."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import asyncssh

from fediversity.embedded_cloud.machines import commands, stages
from fediversity.embedded_cloud.machines.call import NOT_FOUND, Call
from fediversity.embedded_cloud.machines.shell import ShellError, parse
from fediversity.embedded_cloud.tools.system import MANIFEST, PROGRAM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fediversity.embedded_cloud.machines.machine import Machine
    from fediversity.embedded_cloud.machines.units import ServiceFunction, Timer

_INTERNAL_ERROR = 70
_EXEC_FAILED = 203
_BUILTINS = frozenset({"true", "test", "exit"})
"""The commands that a shell knows without a search."""


async def run_session(machine: Machine, port: int, process: asyncssh.SSHServerProcess[bytes]) -> None:
    """Runs one session of an SSH connection and ends it with the exit status of its command."""
    user = process.get_extra_info("username")
    machine.record_connection("exec", port, user=user, command=process.command)
    call = Call(
        machine=machine,
        interpreter=INTERPRETER,
        user=user,
        argv=(),
        environment={"CLIENT_KEY": process.get_extra_info("key") or ""},
        stdin=_SessionInput(process.stdin),
        write_out=process.stdout.write,
        write_error=process.stderr.write,
        terminal=process.get_terminal_type() is not None,
        wait_closed=process.channel.wait_closed,
        cut=process.get_extra_info("machine_connection").cut,
    )
    await _run_until_closed(call, process)


async def _run_until_closed(call: Call, process: asyncssh.SSHServerProcess[bytes]) -> None:
    """Runs the session's command until the connection closes, which cancels it. Services of systemd continue."""
    work = asyncio.create_task(_session_status(call, process.command))
    closed = asyncio.create_task(process.channel.wait_closed())
    try:
        await asyncio.wait({work, closed}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            with suppress(OSError, asyncssh.Error):  # the client or the machine disconnected in the meantime
                process.exit(work.result())
    finally:
        work.cancel()
        closed.cancel()


async def _session_status(call: Call, line: str | None) -> int:
    if line is None:
        call.print_error("simulated machines have no interactive shell; give ssh a command")
        return 1
    try:
        return await INTERPRETER.run_line(call, line)
    except (asyncssh.Error, ConnectionError):
        raise
    except Exception as error:
        call.machine.log(f"`{line}` failed inside the simulation: {error!r}")
        call.print_error(f"simulated machine: internal error: {error!r}")
        return _INTERNAL_ERROR


class CommandInterpreter:
    """Runs calls with the simulated commands."""

    async def run_line(self, call: Call, line: str, arguments: Sequence[str] = ()) -> int:
        """Runs a line as a shell would; `arguments` are `$0`, `$1` and so on."""
        try:
            sequence = parse(line, arguments)
        except ShellError as refusal:
            call.print_error(f"bash: {refusal}")
            return NOT_FOUND
        status = 0
        for simple in sequence:
            if simple.connector == "&&" and status != 0:
                continue
            context = call.with_argv(simple.argv, environment={**call.environment, **simple.environment})
            if simple.argv:
                status = await self.run_command(context)
        return status

    async def run_command(self, call: Call) -> int:
        """Runs one simple command: a known command, or a program on the machine."""
        name = call.argv[0]
        if name in ("exec", "command") and call.arguments:
            return await self.run_command(call.with_argv(call.arguments))
        command = self.find_command(call)
        if command is None:
            call.print_error(f"{name}: command not found (simulated machine)")
            return NOT_FOUND
        await stages.begin(call)
        return await command(call)

    def find_command(self, call: Call) -> commands.Command | None:
        """Returns the implementation of a call's command, or None if the call cannot find it on the machine."""
        name = call.argv[0]
        if "/" in name:
            return _program(call)
        if call.on_path or name in _BUILTINS:
            return commands.table(call.machine).get(name)
        return None

    async def run_service(self, call: Call, has_path: bool) -> int:
        """Runs the program of a service.

        The program is found on the client's path. Commands that it runs are found by name only if the service has its
        own PATH (`systemd-run -E PATH`); on NixOS systemd's path contains only its own folder.
        """
        command = self.find_command(call)
        service = replace(call, detached=True, on_path=has_path)
        if command is None:
            call.print_error(f"Failed to locate executable {call.argv[0]}: No such file or directory")
            return _EXEC_FAILED
        await stages.begin(service)
        return await command(service)


INTERPRETER = CommandInterpreter()


def _program(call: Call) -> commands.Command | None:
    """Returns the program at a path, by its first line; also known commands at their usual paths."""
    path = call.argv[0]
    with suppress(OSError, UnicodeDecodeError):
        first, _, _ = call.machine.root.text(path).partition("\n")
        if first.startswith(PROGRAM):
            return commands.PROGRAMS.get(first.removeprefix(PROGRAM))
    folder, _, name = path.rpartition("/")
    system = folder.removesuffix("/sw/bin")
    known = folder in commands.FOLDERS or (system != folder and call.machine.root.exists(f"{system}/{MANIFEST}"))
    return commands.table(call.machine).get(name) if known else None


class _SessionInput:
    """The input of a session without terminal events."""

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


class _EmptyInput:
    """The standard input of a service: always empty."""

    async def read(self, size: int = -1) -> bytes:  # noqa: ARG002
        return b""

    async def readline(self) -> bytes:
        return b""

    async def readexactly(self, size: int) -> bytes:
        raise asyncio.IncompleteReadError(b"", size)


def timer_service(machine: Machine, timer: Timer) -> ServiceFunction:
    """Returns the function that runs a timer's service: its program, in systemd's environment, with output to the
    journal.
    """

    def journal(data: bytes) -> None:
        for line in data.decode(errors="replace").splitlines():
            machine.log(f"{timer.service}: {line}")

    call = Call(
        machine=machine,
        interpreter=INTERPRETER,
        user="root",
        argv=tuple(timer.argv),
        environment=timer.environment,
        stdin=_EmptyInput(),
        write_out=journal,
        write_error=journal,
        terminal=False,
        wait_closed=_never,
        cut=_no_op,
    )
    return lambda: INTERPRETER.run_service(call, timer.has_path)


async def _never() -> None:
    await asyncio.get_running_loop().create_future()


def _no_op() -> None:
    """Does nothing: there is no connection to cut."""
