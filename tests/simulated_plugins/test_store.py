"""Tests the store that all plug-ins share."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from fediversity.embedded_cloud.addresses import IPV4_RANGE, random_ipv4, random_ipv6_network
from fediversity.embedded_cloud.folders import StackFolder, is_stack_name
from fediversity.embedded_cloud.store import Record, Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(StackFolder.of(tmp_path, "dev").store)


def test_looking_at_a_store_that_is_not_there_creates_nothing(store: Store, tmp_path: Path) -> None:
    with store.reading() as session:
        assert session.everything() == []
        assert session.find("a", "b") is None
    assert not list(tmp_path.iterdir())


def test_looking_at_a_store_leaves_its_folder_as_it_was(store: Store) -> None:
    with store.writing() as session:
        session.put(Record("t", "1", "one"))
    before = sorted(path.name for path in store.path.parent.iterdir())
    with store.reading() as session:
        assert session.everything()
        assert sorted(path.name for path in store.path.parent.iterdir()) == before
    assert before == ["cloud.sqlite"]


def test_files_are_for_their_owner_only(store: Store) -> None:
    with store.writing():
        pass
    assert store.path.stat().st_mode & 0o777 == 0o600
    assert store.path.parent.stat().st_mode & 0o777 == 0o700
    assert store.path.parent.parent.stat().st_mode & 0o777 == 0o700


def test_a_record_comes_back_as_it_was_written(store: Store) -> None:
    record = Record("t", "1", "one", "scope", {"a": [1, {"b": None}]}, {"address": "127.64.0.1"})
    with store.writing() as session:
        session.put(record)
    with store.reading() as session:
        assert session.get("t", "1") == session.find("t", "one", "scope") == record


def test_a_name_is_unique_in_its_scope(store: Store) -> None:
    with store.writing() as session:
        session.put(Record("t", "1", "one", "x"))
        session.put(Record("t", "2", "one", "y"))
        session.put(Record("u", "1", "one", "x"))
    with pytest.raises(sqlite3.IntegrityError), store.writing() as session:
        session.put(Record("t", "3", "one", "x"))


def test_a_transaction_that_fails_changes_nothing(store: Store) -> None:
    def fail_halfway() -> None:
        with store.writing() as session:
            session.put(Record("t", "1", "one"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    with store.reading() as session:
        assert session.everything() == []


def test_numbers_are_never_given_twice(store: Store) -> None:
    numbers = []
    for _ in range(3):
        with store.writing() as session:
            numbers += [session.number(), session.number()]
    assert len(set(numbers)) == 6


def test_addresses_are_taken_and_given_back(store: Store) -> None:
    with store.writing() as session:
        addresses = {session.take_address("one") for _ in range(50)}
        assert len(addresses) == 50
        session.release_addresses("one")
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("SELECT count(*) FROM addresses").fetchone() == (0,)


def test_addresses_are_loopback_and_no_network_or_broadcast_address() -> None:
    for _ in range(200):
        last = int(random_ipv4(()).split(".")[3])
        assert 0 < last < 255
    assert IPV4_RANGE.is_loopback
    assert random_ipv6_network().startswith("fd")
    assert random_ipv6_network().endswith("/64")


WRITER = """
import sys
from pathlib import Path
from fediversity.embedded_cloud.store import Record, Store
for number in range(25):
    with Store(Path(sys.argv[1])).writing() as session:
        session.put(Record("t", str(session.number()), f"{sys.argv[2]}-{number}"))
"""


def test_processes_that_write_at_once_lose_nothing(store: Store) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(store.path), name]) for name in "abcd"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    with store.reading() as session:
        records = session.everything()
    assert len(records) == 100
    assert len({record.id for record in records}) == 100


KILLED = """
import os, signal, sys
from pathlib import Path
from fediversity.embedded_cloud.store import Record, Store
with Store(Path(sys.argv[1])).writing() as session:
    session._connection.execute("PRAGMA cache_size = 5")  # so that pages reach the file before the end
    for number in range(500):
        session.put(Record("t", str(number), "x" * 500 + str(number)))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_writer_that_is_killed_leaves_the_store_as_it_was(store: Store) -> None:
    with store.writing() as session:
        session.put(Record("t", "kept", "kept"))
    writer = subprocess.run([sys.executable, "-c", KILLED, str(store.path)], check=False)
    assert writer.returncode == -9
    assert store.path.with_name("cloud.sqlite-journal").exists()
    with store.reading() as session:
        assert [record.id for record in session.everything()] == ["kept"]


def test_a_store_of_another_version_is_refused(store: Store) -> None:
    with store.writing():
        pass
    with sqlite3.connect(store.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ValueError, match="format 99"), store.reading():
        pass


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", ".hidden", "a b", "x" * 101])
def test_a_folder_outside_the_project_cannot_be_named(name: str, tmp_path: Path) -> None:
    assert not is_stack_name(name)
    with pytest.raises(ValueError, match="not the name of a stack"):
        StackFolder.of(tmp_path, name)
