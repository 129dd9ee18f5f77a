"""Follows an install by the output of nixos-anywhere, which has phases without a time limit and erases disks."""

import time
from collections.abc import Mapping

_LONGEST_LINE = 4096
_SECONDS: Mapping[bytes, float] = {
    b"### Uploading install SSH keys ###": 600.0,
    b"### Gathering machine facts ###": 300.0,
    b"### Switching system into kexec ###": 1200.0,
    b"### Formatting hard drive with disko ###": 1200.0,
    b"### Waiting for the machine to become unreachable due to reboot ###": 600.0,
}
"""How many seconds a phase of nixos-anywhere may take, by its heading. The other phases build and copy: only the
time-out of the whole tool bounds them."""

_ERASES = (b"### Formatting hard drive with disko ###", b"### Building disko script ###")


class Phases:
    """The phase of an install. `erasing` is true once disks may have been partitioned: nothing is repeated then."""

    def __init__(self, patience: float = 1.0) -> None:
        self.erasing = False
        self._patience = patience
        self._rest = b""
        self._heading = b""
        self._deadline: float | None = None

    def feed(self, data: bytes) -> None:
        """Takes the tool's output, in any pieces."""
        lines = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop()[-_LONGEST_LINE:]
        for line in lines:
            if b"### " in line:
                self._enter(line[line.index(b"### ") :].strip())

    def late(self) -> str | None:
        """Returns which phase takes too long, None while none does."""
        if self._deadline is None or time.monotonic() < self._deadline:
            return None
        name = self._heading.strip(b"# ").decode(errors="replace")
        return f"nixos-anywhere was at '{name}' for more than {self._seconds():g} s and was ended"

    def _enter(self, heading: bytes) -> None:
        self.erasing = self.erasing or heading in _ERASES
        self._heading = heading
        self._deadline = time.monotonic() + self._seconds() if heading in _SECONDS else None

    def _seconds(self) -> float:
        return _SECONDS[self._heading] * self._patience
