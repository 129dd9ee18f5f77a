"""One set-up at a time on a computer."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fediversity.bootstrap.report import say


@contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """Hold `lock` for the block; wait, and say so, while another process holds it.

    The kernel lets go of an flock when its holder ends, however it ends, so a lock is never stale.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another ./just is setting things up; waiting for it to finish")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
