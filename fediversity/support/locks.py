"""Locks between processes, as locked files.

The kernel frees the lock of a process that ends, however it ends, so a lock is never stale.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fediversity.support.files import PRIVATE


def try_lock(path: Path) -> int | None:
    """Takes a lock without waiting. Returns the descriptor that holds it until it is closed; None if another has it."""
    handle = _open(path, create=True)
    if _take(handle):
        return handle
    os.close(handle)
    return None


@contextmanager
def locked(path: Path, *, create: bool = True, when_held: Callable[[], object] | None = None) -> Iterator[None]:
    """Holds a lock for the length of the block, and waits while another process has it.

    `when_held` is called once before waiting: it tells a person, or raises where waiting makes no sense. The file is
    made if it does not exist, unless `create` is False; then OSError is raised.
    """
    handle = _open(path, create=create)
    try:
        if not _take(handle):
            if when_held is not None:
                when_held()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _open(path: Path, *, create: bool) -> int:
    return os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), PRIVATE)


def _take(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
