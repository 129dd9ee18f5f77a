"""Implements `systemctl` with the output and exit statuses of the real one (v258)."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fediversity.embedded_cloud.machines.units import State, UnitError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fediversity.embedded_cloud.machines.call import Call, Command

_NO_PERMISSION = 4
_NOT_LOADED = 5
_NOT_RUNNING = 3
_UNKNOWN = 4
_FLAGS = frozenset(
    {"--failed", "--plain", "--no-legend", "--full", "-l", "--quiet", "-q", "--no-pager", "--no-ask-password"}
)
_SUFFIXES = re.compile(r".+\.(service|timer|socket|mount|target)")


class _RefusedError(Exception):
    """The real systemctl refuses this; the message is its own."""


@dataclass(frozen=True)
class _Request:
    verb: str
    units: tuple[str, ...]
    flags: frozenset[str]
    states: frozenset[str] | None


async def systemctl(call: Call) -> int:
    """`systemctl is-system-running|is-active|is-failed|list-units|stop|reset-failed`"""
    try:
        request = _parse(call.arguments)
    except _RefusedError as refused:
        call.print_error(str(refused))
        return 1
    verb = _VERBS.get(request.verb)
    if verb is None:
        return call.unsupported()
    return await verb(call, request)


def _parse(words: tuple[str, ...]) -> _Request:
    plain: list[str] = []
    flags: set[str] = set()
    states: set[str] | None = None
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            plain += rest
            break
        name, has_value, value = word.partition("=")
        if name == "--state":
            if not has_value and not rest:
                raise _RefusedError("systemctl: option '--state' requires an argument")
            states = (states or set()) | set((value if has_value else rest.pop(0)).split(","))
        elif word in _FLAGS:
            flags.add(word)
        elif name in _FLAGS and has_value:
            raise _RefusedError(f"systemctl: option '{name}' doesn't allow an argument")
        elif word.startswith("-"):
            raise _RefusedError(f"systemctl: unrecognized option '{word}'")
        else:
            plain.append(word)
    if "--failed" in flags:
        states = (states or set()) | {"failed"}
    verb, *units = plain or ["list-units"]
    return _Request(
        verb, tuple(_full_name(unit) for unit in units), frozenset(flags), frozenset(states) if states else None
    )


def _full_name(unit: str) -> str:
    """Appends `.service` to a name without a suffix; a pattern stays unchanged."""
    return unit if _SUFFIXES.fullmatch(unit) or set(unit) & set("*?[") else f"{unit}.service"


async def _is_system_running(call: Call, request: _Request) -> int:
    if request.units:
        call.print_error("Too many arguments.")
        return 1
    degraded = call.machine.units.degraded
    _print_unless_quiet(call, request, "degraded" if degraded else "running")
    return 1 if degraded else 0


async def _is_active(call: Call, request: _Request) -> int:
    return _check_state(call, request, "active", _NOT_RUNNING)


async def _is_failed(call: Call, request: _Request) -> int:
    return _check_state(call, request, "failed", 1)


def _check_state(call: Call, request: _Request, good: str, bad_status: int) -> int:
    """Returns 0 if one unit is in the good state, 4 if no unit is loaded (as in LSB), otherwise `bad_status`."""
    if not request.units:
        call.print_error("Too few arguments.")
        return 1
    states = [call.machine.units.find(unit) for unit in request.units]
    for state in states:
        _print_unless_quiet(call, request, "inactive" if state is None else state.active)
    if any(state is not None and state.active == good for state in states):
        return 0
    return bad_status if any(states) else _UNKNOWN


async def _list_units(call: Call, request: _Request) -> int:
    """Lists units in the form for programs only: without colours, headings and hints."""
    if not {"--plain", "--no-legend"} <= request.flags:
        call.print_error("systemctl: simulated machines list units with --plain and --no-legend only")
        return 127
    states = [state for state in call.machine.units.states() if _is_listed(state, request)]
    rows = [(state.name, "loaded", state.active, state.sub) for state in states]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    for row, state in zip(rows, states, strict=True):
        columns = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        call.print_out(" ".join([*columns, state.description]))
    return 0


def _is_listed(state: State, request: _Request) -> bool:
    states = request.states
    if request.units and not any(fnmatch.fnmatchcase(state.name, pattern) for pattern in request.units):
        return False
    return state.active != "inactive" if states is None else bool(states & {state.active, state.sub, "loaded"})


async def _stop(call: Call, request: _Request) -> int:
    status = 0
    if not request.units:
        call.print_error("Too few arguments.")
        return 1
    for unit in request.units:
        if not call.is_root:
            call.print_error(f"Failed to stop {unit}: Interactive authentication required.")
            status = _NO_PERMISSION
            continue
        try:
            await call.machine.units.stop(unit)
        except UnitError as error:
            call.print_error(str(error))
            status = _NOT_LOADED
    return status


async def _reset_failed(call: Call, request: _Request) -> int:
    if not call.is_root:
        call.print_error("Failed to reset failed state: Interactive authentication required.")
        return _NO_PERMISSION
    try:
        for unit in request.units or (None,):
            call.machine.units.reset_failed(unit)
    except UnitError as error:
        call.print_error(str(error))
        return 1
    return 0


def _print_unless_quiet(call: Call, request: _Request, text: str) -> None:
    if not request.flags & {"--quiet", "-q"}:
        call.print_out(text)


_VERBS: dict[str, Callable[[Call, _Request], Awaitable[int]]] = {
    "is-system-running": _is_system_running,
    "is-active": _is_active,
    "is-failed": _is_failed,
    "list-units": _list_units,
    "stop": _stop,
    "reset-failed": _reset_failed,
}
COMMANDS: dict[str, Command] = {"systemctl": systemctl}
