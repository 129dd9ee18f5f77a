"""Stores the faults of a site in one file below its cloud folder, independent of any running process.

The daemon and the plug-ins read the file when they need it. A process that changes the list, or counts an occurrence,
holds the lock beside the file.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from fediversity.embedded_cloud.faults.kinds import KINDS, FaultError, kind_of, read_parameter
from fediversity.support.files import PRIVATE, write_atomically
from fediversity.support.locks import locked


@dataclass(frozen=True)
class Fault:
    """One fault of a machine, or of a resource with that name.

    `times` is the number of remaining occurrences (None: unlimited), `until` the end time (seconds of the epoch, None:
    no end), `happened` the number of past occurrences.
    """

    machine: str
    kind: str
    parameter: str | None = None
    times: int | None = None
    until: float | None = None
    happened: int = 0

    @property
    def in_force(self) -> bool:
        """Whether the fault can still occur."""
        return (self.times is None or self.times > 0) and (self.until is None or time.time() < self.until)


class FaultStore:
    """The list of faults in `CLOUD/faults.json`. A missing file means no faults."""

    def __init__(self, cloud: Path) -> None:
        self._path = cloud / "faults.json"
        self._lock = cloud / "faults.lock"
        self._seen: tuple[int, int, int] | None = None
        self._known: tuple[Fault, ...] = ()

    def entries(self) -> tuple[Fault, ...]:
        """Returns the faults in force, in the order in which they were set. Creates nothing on disk."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return ()
        mark = (status.st_mtime_ns, status.st_size, status.st_ino)
        if mark != self._seen:
            self._known, self._seen = self._read(), mark
        return tuple(fault for fault in self._known if fault.in_force)

    def active(self, machine: str, kind: str) -> Fault | None:
        """Returns the fault of a kind that is in force for a machine, or None. Does not count as an occurrence."""
        return next((fault for fault in self.entries() if (fault.machine, fault.kind) == (machine, kind)), None)

    def trigger(self, machine: str, kind: str, parameter: str | None = None) -> Fault | None:
        """Triggers the fault of a kind for a machine and counts the occurrence. Returns None if no fault is in force.

        With a `parameter`, only a fault with that parameter is triggered.
        """
        active = self.active(machine, kind)
        if active is None or (parameter is not None and active.parameter != parameter):
            return None
        triggered: list[Fault] = []

        def count(faults: Sequence[Fault]) -> list[Fault]:
            after = []
            for fault in faults:
                matches = (fault.machine, fault.kind, fault.parameter) == (machine, kind, active.parameter)
                if matches and fault.in_force:
                    triggered.append(fault)
                    left = None if fault.times is None else fault.times - 1
                    after.append(replace(fault, times=left, happened=fault.happened + 1))
                else:
                    after.append(fault)
            return after

        self._change(count)
        return triggered[0] if triggered else None

    def set(
        self,
        machine: str,
        kind: str,
        parameter: str | None = None,
        *,
        times: int | None = None,
        seconds: float | None = None,
    ) -> Fault:
        """Sets a fault on a machine, replacing one of the same kind. Raises `FaultError`."""
        kind_definition = kind_of(kind)
        if times is not None and seconds is not None:
            raise FaultError("a fault has either --times or --for")
        if (times is not None and times < 1) or (seconds is not None and seconds <= 0):
            raise FaultError("--times and --for are more than 0")
        if times is not None and kind_definition.state is not None:
            raise FaultError(f"'{kind}' cannot be counted with --times: {kind_definition.state}; use --for SECONDS")
        until = None if seconds is None else time.time() + seconds
        fault = Fault(machine, kind, read_parameter(kind, parameter), times, until)
        self._change(lambda faults: [*(old for old in faults if (old.machine, old.kind) != (machine, kind)), fault])
        return fault

    def heal(self, machine: str | None = None) -> list[Fault]:
        """Removes the faults of a machine, or all faults. Returns those that were in force."""
        healed = [fault for fault in self.entries() if machine in (None, fault.machine)]
        if self._path.exists():
            self._change(lambda faults: [fault for fault in faults if machine not in (None, fault.machine)])
        return healed

    def _read(self) -> tuple[Fault, ...]:
        try:
            entries = json.loads(self._path.read_text())["faults"]
            faults = tuple(Fault(**entry) for entry in entries)
        except FileNotFoundError:
            return ()
        except (ValueError, KeyError, TypeError) as error:
            raise FaultError(f"{self._path} does not hold faults ({error}); remove it") from None
        unknown = sorted({fault.kind for fault in faults} - set(KINDS))
        if unknown:
            raise FaultError(f"{self._path} has unknown kinds of faults: {', '.join(unknown)}; remove it")
        return faults

    def _change(self, change: Callable[[Sequence[Fault]], list[Fault]]) -> None:
        """Rewrites the list; expired faults are dropped."""
        with self._locked():
            faults = [fault for fault in change(self._read()) if fault.in_force]
            text = json.dumps({"faults": [asdict(fault) for fault in faults]}, indent=1)
            write_atomically(self._path, text, mode=PRIVATE)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        for folder in (self._path.parent.parent, self._path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(self._lock):
            yield
