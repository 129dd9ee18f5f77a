"""The locks of a self-managed backend: who holds a stack, and whether that run is still there.

Pulumi writes one JSON file a run below `.pulumi/locks/organization/<project>/<stack>/` and removes it
at the end; a run that was killed leaves it (pkg/backend/diy/lock.go in Pulumi's sources).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fediversity.support.errors import RefusedError


@dataclass(frozen=True)
class Lock:
    """One run that holds, or held, a stack. `since` is Pulumi's own text, RFC 3339."""

    pid: int
    username: str
    hostname: str
    since: str

    def __str__(self) -> str:
        return f"{self.username}@{self.hostname}, process {self.pid}, since {self.since.partition('.')[0]}"


def parse_lock(text: str, path: Path) -> Lock:
    """Read one lock file; RefusedError when it is not one, because then nobody can know who holds the stack."""
    try:
        content = json.loads(text)
        return Lock(int(content["pid"]), content["username"], content["hostname"], content["timestamp"])
    except (ValueError, KeyError, TypeError) as error:
        raise RefusedError(
            f"{path} is not a lock file of Pulumi. If no run is in progress anywhere, remove it."
        ) from error


def stale_locks(locks: Sequence[Lock], stack: str, hostname: str, is_engine: Callable[[int], bool]) -> Sequence[Lock]:
    """The locks, when every one of them was left by a run that is gone from this computer.

    Raises RefusedError when one belongs to a living run, or to a run on another computer, which cannot be seen
    from here.
    """
    for lock in locks:
        if lock.hostname != hostname:
            raise RefusedError(
                f"stack {stack} is locked from another computer ({lock}). Wait for that run; if you know that "
                f"it is over, run `./just pulumi cancel --yes {stack}` and start again."
            )
        if is_engine(lock.pid):
            raise RefusedError(f"stack {stack} is in use ({lock}). Wait for that run to end, or stop it.")
    return locks
