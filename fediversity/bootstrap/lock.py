"""Lets one set-up at a time run on a computer."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fediversity.bootstrap.report import say
from fediversity.support.locks import locked


@contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """Holds `lock` for the length of the block; waits, and says so, while another process holds it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with locked(lock, when_held=lambda: say("another ./just is setting things up; waiting for it to finish")):
        yield
