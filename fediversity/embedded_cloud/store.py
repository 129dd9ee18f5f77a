"""Stores the resources of a stack's simulated clouds in one SQLite file that all plug-ins share.

The file uses a rollback journal instead of WAL: a reader of a WAL database creates files beside it, and a preview must
not write. Each operation opens the file, runs one transaction and closes it, so no process keeps the file open.
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fediversity.embedded_cloud.addresses import random_ipv4

BUSY_SECONDS = 30.0
LEFT_BEHIND = "left behind"
"""The fact that marks a resource which its owner has released and which its cloud never deletes."""
_FORMAT = 1
_FIRST_NUMBER = 70_000_001
_SCHEMA = """
CREATE TABLE resources (
  type TEXT NOT NULL, id TEXT NOT NULL, scope TEXT NOT NULL, name TEXT NOT NULL,
  inputs TEXT NOT NULL, facts TEXT NOT NULL,
  PRIMARY KEY (type, id), UNIQUE (type, scope, name)
) WITHOUT ROWID;
CREATE TABLE addresses (address TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE numbers (next INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class Record:
    """One simulated resource.

    `name` is unique among the resources of a `type` in a `scope` (a zone, a project; often ""). `inputs` are the
    requested properties; `facts` are the properties that the cloud chose at creation: addresses, numbers, times.
    """

    type: str
    id: str
    name: str
    scope: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


class Session:
    """One transaction on the store, opened by `Store`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, type_: str, id_: str) -> Record | None:
        """Returns the resource with an id, or None."""
        return self._one("type = ? AND id = ?", type_, id_)

    def find(self, type_: str, name: str, scope: str = "") -> Record | None:
        """Returns the resource with a name, or None."""
        return self._one("type = ? AND scope = ? AND name = ?", type_, scope, name)

    def all(self, type_: str) -> list[Record]:
        """Returns all resources of a type, ordered by id."""
        return self._many("type = ?", type_)

    def everything(self) -> list[Record]:
        """Returns all resources."""
        return self._many("1")

    def put(self, record: Record) -> None:
        """Inserts or replaces the resource with this id. Raises sqlite3.IntegrityError if the name is in use."""
        values = (json.dumps(record.inputs), json.dumps(record.facts))
        self._connection.execute(
            "INSERT INTO resources (type, id, scope, name, inputs, facts) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (type, id) DO UPDATE SET"
            " scope = excluded.scope, name = excluded.name, inputs = excluded.inputs, facts = excluded.facts",
            (record.type, record.id, record.scope, record.name, *values),
        )

    def remove(self, record: Record) -> None:
        """Removes a resource. Does nothing if it does not exist."""
        self._connection.execute("DELETE FROM resources WHERE type = ? AND id = ?", (record.type, record.id))

    def number(self) -> int:
        """Returns a number that is unique among all past and future resources of the stack."""
        ((number,),) = self._connection.execute("UPDATE numbers SET next = next + 1 RETURNING next - 1").fetchall()
        return int(number)

    def take_address(self, owner: str) -> str:
        """Reserves a loopback IPv4 address that is free in this stack, and returns it."""
        taken = {row[0] for row in self._connection.execute("SELECT address FROM addresses")}
        address = random_ipv4(taken)
        self._connection.execute("INSERT INTO addresses VALUES (?, ?)", (address, owner))
        return address

    def release_addresses(self, owner: str) -> None:
        """Releases the addresses reserved for an owner."""
        self._connection.execute("DELETE FROM addresses WHERE owner = ?", (owner,))

    def _one(self, condition: str, *values: str) -> Record | None:
        records = self._many(condition, *values)
        return records[0] if records else None

    def _many(self, condition: str, *values: str) -> list[Record]:
        rows = self._connection.execute(
            f"SELECT type, id, name, scope, inputs, facts FROM resources WHERE {condition} ORDER BY type, id",  # noqa: S608
            values,
        )
        return [
            Record(type_, id_, name, scope, json.loads(inputs), json.loads(facts))
            for type_, id_, name, scope, inputs, facts in rows
        ]


class Store:
    """The store at `path`. A missing store reads as empty and is created by the first write."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Opens a read transaction. Creates nothing on disk."""
        with closing(self._connect_for_reading()) as connection:
            yield Session(connection)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Opens a write transaction, which commits on success and rolls back on an exception. Writers wait for each
        other.
        """
        self._make()
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            if not _is_made(connection):
                _make_tables(connection)
            try:
                yield Session(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _connect_for_reading(self) -> sqlite3.Connection:
        if self.path.exists():
            connection = self._connect()
            if _is_made(connection):
                connection.execute("BEGIN")
                return connection
            connection.close()
        empty = sqlite3.connect(":memory:", isolation_level=None)
        _make_tables(empty)
        return empty

    def _connect(self) -> sqlite3.Connection:
        # Uses "rw" instead of "ro": after a crash a reader must also be able to roll the unfinished transaction back.
        uri = f"{self.path.absolute().as_uri()}?mode=rw"
        return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)

    def _make(self) -> None:
        if not self.path.exists():
            for folder in (self.path.parent.parent, self.path.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))


def _is_made(connection: sqlite3.Connection) -> bool:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in (0, _FORMAT):
        raise ValueError(f"this store has format {version}, written by another version of this program")
    return bool(version)


def _make_tables(connection: sqlite3.Connection) -> None:
    for statement in _SCHEMA.split(";"):
        connection.execute(statement)
    connection.execute("INSERT INTO numbers VALUES (?)", (_FIRST_NUMBER,))
    connection.execute(f"PRAGMA user_version = {_FORMAT}")
