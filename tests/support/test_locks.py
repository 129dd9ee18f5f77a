"""A lock is one process's at a time, and nobody's once that process has ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fediversity.support.errors import RefusedError
from fediversity.support.locks import locked, try_lock

_HOLDER = """
import sys
from pathlib import Path
from fediversity.support.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def another_process_holding(lock: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", _HOLDER, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        try:
            yield holder
        finally:
            holder.kill()


def test_a_lock_is_free_again_after_the_block(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    with locked(lock):
        assert try_lock(lock) is None
    handle = try_lock(lock)
    assert handle is not None
    os.close(handle)


def test_a_lock_of_another_process_is_waited_for_and_a_person_is_told_once(tmp_path: Path) -> None:
    lock, told = tmp_path / "a.lock", []
    with another_process_holding(lock) as holder:

        def tell() -> None:
            told.append("waiting")
            assert holder.stdin is not None
            holder.stdin.write(b"\n")
            holder.stdin.flush()

        with locked(lock, when_held=tell):
            assert holder.wait(20) == 0
    assert told == ["waiting"]


def test_a_lock_that_makes_no_sense_to_wait_for_is_refused(tmp_path: Path) -> None:
    def refuse() -> None:
        raise RefusedError("another run is at work")

    with (
        another_process_holding(tmp_path / "a.lock"),
        pytest.raises(RefusedError, match="at work"),
        locked(tmp_path / "a.lock", when_held=refuse),
    ):
        pytest.fail("it was not held")


def test_a_killed_holder_leaves_no_lock_behind(tmp_path: Path) -> None:
    with another_process_holding(tmp_path / "a.lock") as holder:
        assert try_lock(tmp_path / "a.lock") is None
        holder.send_signal(signal.SIGKILL)
        holder.wait(20)
        assert try_lock(tmp_path / "a.lock") is not None


def test_a_lock_on_a_file_of_another_purpose_does_not_make_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), locked(tmp_path / "Pulumi.dev.yaml", create=False):
        pytest.fail("there is no such file")
    assert list(tmp_path.iterdir()) == []
