"""What `--debug` and `FEDIVERSITY_DEBUG=1` show: every command that a process starts, and tracebacks.

Secrets are redacted, and the environment of a command is never shown.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

VARIABLE = "FEDIVERSITY_DEBUG"
"""Set to 1, it turns debugging on, in the processes that are started as well."""

_EVENTS = frozenset({"subprocess.Popen", "os.exec", "os.system"})
_shows: list[Callable[[str], object]] = []
_hooked: list[bool] = []


def is_on(environment: Mapping[str, str] | None = None) -> bool:
    """Whether debugging is asked for."""
    return (os.environ if environment is None else environment).get(VARIABLE, "") not in ("", "0")


def turn_on() -> None:
    """Turns debugging on in this process and in those that it starts; commands are shown on stderr."""
    os.environ[VARIABLE] = "1"
    show_commands(_on_stderr)


def turn_on_if_asked() -> None:
    """Turns debugging on if the environment asks for it."""
    if is_on():
        turn_on()


def show_commands(show: Callable[[str], object]) -> None:
    """Calls `show` with a line for each command that this process starts from now on, in place of an earlier `show`."""
    _shows[:] = [show]
    if not _hooked:
        # A hook of the interpreter sees every command, whichever function starts it. It can never be taken away.
        _hooked.append(True)
        sys.addaudithook(_hook)


def hide_commands() -> None:
    """Ends showing commands."""
    _shows.clear()


def show_traceback(show: Callable[[str], object] | None = None) -> None:
    """Shows the traceback of the exception that is being handled, if debugging is on; by default on stderr."""
    if is_on():
        import traceback  # noqa: PLC0415 (slow to load, and seldom needed)

        (show or _on_stderr)(_redacted(traceback.format_exc().rstrip()))


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _EVENTS or not _shows:
        return
    # Whatever goes wrong here must not stop the command.
    with contextlib.suppress(Exception):
        _shows[0](f"runs {_redacted(_text(event, arguments))}")


def _text(event: str, arguments: tuple[Any, ...]) -> str:
    import shlex  # noqa: PLC0415

    if event == "os.system":
        return os.fsdecode(arguments[0])
    # subprocess.Popen: program, arguments, folder, environment. os.exec: program, arguments, environment.
    words: Sequence[Any] = arguments[1]
    text = words if isinstance(words, str) else shlex.join(os.fsdecode(word) for word in words)
    folder = arguments[2] if event == "subprocess.Popen" else None
    return text if folder is None else f"{text}  (in {os.fsdecode(folder)})"


def _redacted(text: str) -> str:
    from fediversity.support.redact import Redactor, secrets_of  # noqa: PLC0415

    return Redactor(secrets_of(os.environ))(text)


def _on_stderr(text: str) -> None:
    for line in text.splitlines():
        print(f"debug: {line}", file=sys.stderr, flush=True)
