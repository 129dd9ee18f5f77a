"""Processes of engines: those alive, and those a killed engine left behind.

Read from /proc. Where there is none (macOS), a living process counts as an engine and no orphan is found.
"""

import os
import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fediversity.support.processes import existence

_PROC = Path("/proc")
_LOCAL_PLUGINS = ("fediversity.embedded_cloud.plugins", "fediversity.local.plugins")
"""What serves a simulated plug-in; the second is what launchers of an earlier version start."""
_STARTED_FOR = "--for"
_HELPERS = ("pulumi-language-", "pulumi-resource-")
_KILLED_S = 5.0
_POLL_S = 0.05


@dataclass(frozen=True)
class Process:
    """A process: its parent, its working folder and its command line."""

    pid: int
    parent: int
    folder: str
    command: tuple[str, ...]

    @property
    def program(self) -> str:
        return os.path.basename(self.command[0]) if self.command else ""

    @property
    def is_engine(self) -> bool:
        """Whether it is a `pulumi`; Nix calls the program inside its wrapper `.pulumi-wrapped`."""
        return self.program.lstrip(".").startswith("pulumi") and not self.serves_an_engine

    @property
    def serves_an_engine(self) -> bool:
        """Whether it is a language host, the program it runs, or a plug-in, official or local."""
        return self.title.startswith((*_HELPERS, *_LOCAL_PLUGINS))

    @property
    def has_its_starter(self) -> bool:
        """Whether it was started by a `./just` that is still there: then no engine has to be above it."""
        words = self.command
        return _STARTED_FOR in words and words[words.index(_STARTED_FOR) + 1 :][:1] == (str(self.parent),)

    @property
    def title(self) -> str:
        """What it is to a person: Python by the script or module it runs, anything else by its program."""
        if not self.program.startswith("python"):
            return self.program
        local = next((self.command.index(name) for name in _LOCAL_PLUGINS if name in self.command), None)
        if local is not None:
            return " ".join(self.command[local:][:2])
        names = (os.path.basename(part) for part in self.command)
        return next((name for name in names if name.startswith(_HELPERS)), self.program)


def pulumi_is_running(pid: int) -> bool:
    """Whether that process exists and is an engine (the number of a dead one may have been given away)."""
    if (found := existence(pid)) == "gone":
        return False
    process = _read(pid)
    # Where it cannot be read, because there is no /proc or it is another user's, it counts as one.
    return process.is_engine if process is not None else found == "another user's" or not _PROC.is_dir()


def running() -> dict[int, Process]:
    """Every process that can be read, by number."""
    numbers = (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()) if _PROC.is_dir() else ()
    return {pid: process for pid in numbers if (process := _read(pid)) is not None}


def orphans(processes: Mapping[int, Process], folder: Path) -> tuple[Process, ...]:
    """Those that served an engine in `folder` and have neither a living engine nor their `./just` above them."""
    return tuple(
        process
        for process in processes.values()
        if process.serves_an_engine
        and process.folder == str(folder)
        and not process.has_its_starter
        and not any(ancestor.is_engine for ancestor in _ancestors(process, processes))
    )


def end(processes: Iterable[Process], grace_s: float = 20.0) -> None:
    """Ask them to end, and after `grace_s` seconds force those that did not; returns when none is left."""
    waiting = {process.pid for process in processes}
    for number, patience in ((signal.SIGTERM, grace_s), (signal.SIGKILL, _KILLED_S)):
        for pid in waiting:
            _signal(pid, number)
        deadline = time.monotonic() + patience
        while waiting and time.monotonic() < deadline:
            waiting = {pid for pid in waiting if _is_alive(pid)}
            time.sleep(_POLL_S)


def _ancestors(process: Process, processes: Mapping[int, Process]) -> Iterable[Process]:
    parent = processes.get(process.parent)
    while parent is not None:
        yield parent
        parent = processes.get(parent.parent)


def _read(pid: int) -> Process | None:
    """One process, or None when it is gone or a zombie; the folder of another user's is not ours to read."""
    entry = _PROC / str(pid)
    try:
        command = (entry / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        # After the name, which is in brackets and may hold anything: state and parent.
        fields = (entry / "stat").read_text().rpartition(")")[2].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] in "ZX" else Process(pid, int(fields[1]), _folder(entry), tuple(command))


def _folder(entry: Path) -> str:
    try:
        return str((entry / "cwd").readlink())
    except OSError:
        return ""


def _is_alive(pid: int) -> bool:
    return _read(pid) is not None


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
