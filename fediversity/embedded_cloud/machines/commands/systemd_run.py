"""Implements `systemd-run`: transient services and timers, with the options and refusals of the real one (v258)."""

from __future__ import annotations

import asyncio
import re
import secrets
import signal
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from fediversity.embedded_cloud.machines.units import Timer, UnitError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fediversity.embedded_cloud.machines.call import Call, Command

_FLAGS = {
    **{"--pipe": "pipe", "-P": "pipe", "--wait": "wait", "--quiet": "quiet", "-q": "quiet", "--collect": "collect"},
    **{"-G": "collect", "--no-ask-password": "no-ask-password", "--same-dir": "same-dir", "-d": "same-dir"},
}
_VALUES = {
    **{"--unit": "unit", "-u": "unit", "--on-active": "on-active", "--timer-property": "timer-property"},
    **{"--property": "property", "-p": "property"},
    **{"--setenv": "setenv", "-E": "setenv", "--service-type": "service-type"},
}
_SPANS = {
    **dict.fromkeys(["", "s", "sec", "second", "seconds"], 1.0),
    **dict.fromkeys(["ms", "msec"], 0.001),
    **dict.fromkeys(["m", "min", "minute", "minutes"], 60.0),
    **dict.fromkeys(["h", "hr", "hour", "hours"], 3600.0),
    **dict.fromkeys(["d", "day", "days"], 86400.0),
}
_SPAN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*")
_TYPES = ("simple", "exec", "oneshot")
_UNIT = re.compile(r"[A-Za-z0-9:_.\\-]+")


class _RefusedError(Exception):
    """The real systemd-run refuses this; the message is its own."""


class _UnsupportedError(Exception):
    """Simulated machines do not support this."""


@dataclass
class _Request:
    argv: tuple[str, ...] = ()
    flags: set[str] = field(default_factory=set)
    unit: str | None = None
    delay: float | None = None
    timer_properties: list[str] = field(default_factory=list)
    setenv: list[str] = field(default_factory=list)
    max_seconds: float | None = None


def parse(words: tuple[str, ...]) -> _Request:
    """Parses a command line. Raises `_RefusedError` or `_UnsupportedError`."""
    request = _Request()
    rest = list(words)
    on_active: str | None = None
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        if word == "--":
            break
        name, has_value, value = word.partition("=")
        if word in _FLAGS:
            request.flags.add(_FLAGS[word])
            continue
        if name in _FLAGS:
            raise _RefusedError(f"systemd-run: option '{name}' doesn't allow an argument")
        if name not in _VALUES:
            raise _RefusedError(f"systemd-run: unrecognized option '{word}'")
        if not has_value:
            if not rest:
                dashes = f"option requires an argument -- '{name[1:]}'"
                long = f"option '{name}' requires an argument"
                raise _RefusedError(f"systemd-run: {long if name.startswith('--') else dashes}")
            value = rest.pop(0)
        on_active = value if _VALUES[name] == "on-active" else on_active
        _set_option(request, _VALUES[name], value)
    request.argv = tuple(rest)
    _validate(request, on_active)
    return request


def _set_option(request: _Request, option: str, value: str) -> None:
    if option == "unit":
        request.unit = value
    elif option == "timer-property":
        request.timer_properties.append(value)
    elif option == "setenv":
        request.setenv.append(value)
    elif option == "property":
        name, separator, _ = value.partition("=")
        if not separator:
            raise _RefusedError(f"Not an assignment: {value}")
        if name != "RuntimeMaxSec":
            raise _UnsupportedError
        request.max_seconds = _span(value)
    elif option == "service-type" and value not in _TYPES:
        raise _UnsupportedError


def _validate(request: _Request, on_active: str | None) -> None:
    timed = on_active is not None
    if not request.argv:
        raise _RefusedError("Command line to execute required.")
    if timed and "pipe" in request.flags:
        raise _RefusedError("--pty/--pipe is not compatible in timer or --scope mode.")
    if request.timer_properties and not timed:
        raise _RefusedError("--timer-property= has no effect without any other timer options.")
    if timed and "wait" in request.flags:
        raise _RefusedError("--wait may not be combined with path, socket or timer operations.")
    if on_active is not None:
        request.delay = _span(f"OnActiveSec={on_active}")
    for entry in request.timer_properties:
        name, separator, _ = entry.partition("=")
        if not separator:
            raise _RefusedError(f"Not an assignment: {entry}")
        if name != "AccuracySec":
            raise _UnsupportedError
        _span(entry)
    if "wait" in request.flags and "quiet" not in request.flags:
        raise _UnsupportedError
    if request.unit is not None and not _UNIT.fullmatch(request.unit):
        raise _UnsupportedError


def _span(assignment: str) -> float:
    """Returns the seconds of a time span like `90`, `5min 30s`."""
    _, _, text = assignment.partition("=")
    seconds, at = 0.0, 0
    while at < len(text) or not text:
        part = _SPAN.match(text, at)
        if part is None or part[2] not in _SPANS:
            raise _RefusedError(f"Failed to parse {assignment}: Invalid argument")
        seconds += float(part[1]) * _SPANS[part[2]]
        at = part.end()
    return seconds


async def systemd_run(call: Call) -> int:
    """`systemd-run [--pipe --wait --quiet] [--on-active=SPAN] [--unit=NAME] [--collect] [-E NAME] -- PROGRAM`"""
    try:
        request = parse(call.arguments)
    except _RefusedError as refused:
        call.print_error(str(refused))
        return 1
    except _UnsupportedError:
        return call.unsupported()
    kind = "service" if request.delay is None else "timer"
    if not call.is_root:
        call.print_error(f"Failed to start transient {kind} unit: Interactive authentication required.")
        return 1
    if not _executable_exists(call, request.argv):
        call.print_error(f"Failed to find executable {request.argv[0]}: No such file or directory")
        return 1
    try:
        return _start_timer(call, request) if request.delay is not None else await _run_service(call, request)
    except UnitError as error:
        call.print_error(str(error))
        return 1


def _executable_exists(call: Call, argv: tuple[str, ...]) -> bool:
    return "/" in argv[0] or call.interpreter.find_command(call.with_argv(argv)) is not None


def _start_timer(call: Call, request: _Request) -> int:
    stem = _unit_stem(request)
    due = time.time() + (request.delay or 0)
    environment, has_path = _service_environment(call, request)
    timer = Timer(f"{stem}.timer", due, request.argv, environment, has_path, "collect" in request.flags)
    call.machine.units.arm(timer)
    if "quiet" not in request.flags:
        call.print_error(f"Running timer as unit: {timer.name}\nWill run service as unit: {timer.service}")
    return 0


async def _run_service(call: Call, request: _Request) -> int:
    name = f"{_unit_stem(request)}.service"
    environment, has_path = _service_environment(call, request)
    service = call.with_argv(request.argv, environment=environment).for_service(name, "pipe" in request.flags)
    text = f"[systemd-run] {' '.join(request.argv)}"
    work = partial(_with_time_limit, request.max_seconds, partial(call.interpreter.run_service, service, has_path))
    task = call.machine.units.start(name, text, work, "collect" in request.flags)
    if request.flags & {"wait", "pipe"}:
        return await call.machine.units.wait_for(task)
    if "quiet" not in request.flags:
        call.print_error(f"Running as unit: {name}; invocation ID: {secrets.token_hex(16)}")
    return 0


async def _with_time_limit(seconds: float | None, work: Callable[[], Awaitable[int]]) -> int:
    """Runs a service with a time limit (RuntimeMaxSec), after which systemd ends it with SIGTERM."""
    try:
        return await asyncio.wait_for(work(), seconds)
    except TimeoutError:
        return 128 + signal.SIGTERM


def _unit_stem(request: _Request) -> str:
    unit = request.unit or f"run-u{secrets.randbelow(10_000)}"
    return unit.removesuffix(".service").removesuffix(".timer")


def _service_environment(call: Call, request: _Request) -> tuple[dict[str, str], bool]:
    """Returns the environment of a service, and whether it sets PATH: `-E NAME` takes the caller's value."""
    environment = {"CLIENT_KEY": call.environment.get("CLIENT_KEY", "")}
    has_path = False
    for entry in request.setenv:
        name, separator, value = entry.partition("=")
        if name == "PATH":
            has_path = True
        elif separator or name in call.environment:
            environment[name] = value if separator else call.environment[name]
    return environment, has_path


COMMANDS: dict[str, Command] = {"systemd-run": systemd_run}
