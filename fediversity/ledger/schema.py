"""The tables of the ledger, and the upgrade of a file of an earlier version."""

import sqlite3

_SCHEMA = """
CREATE TABLE IF NOT EXISTS steps (
    id INTEGER PRIMARY KEY,
    step TEXT NOT NULL,
    kind TEXT NOT NULL,
    machine TEXT,
    server_id TEXT,
    fingerprint TEXT,
    command TEXT NOT NULL,
    pid INTEGER NOT NULL,
    queued_at REAL NOT NULL,
    started_at REAL NOT NULL,
    ended_at REAL,
    outcome TEXT,
    reason TEXT,
    log TEXT,
    system TEXT,
    address TEXT,
    hint TEXT,
    boot TEXT,
    size TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS steps_by_machine ON steps (machine, kind, id);
CREATE TABLE IF NOT EXISTS probes (
    id INTEGER PRIMARY KEY,
    machine TEXT NOT NULL,
    at REAL NOT NULL,
    reachable INTEGER NOT NULL,
    healthy INTEGER NOT NULL,
    drift INTEGER NOT NULL,
    system TEXT,
    detail TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS given (
    machine TEXT PRIMARY KEY,
    at REAL NOT NULL,
    files TEXT NOT NULL,
    mark INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS probes_by_machine ON probes (machine, id);
"""
_LATER_COLUMNS = ("system", "address", "hint", "boot", "size")
"""Columns that ledgers of earlier versions do not have."""


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Creates the tables and columns that are missing. Several processes may do so at once."""
    connection.executescript(_SCHEMA)
    if not columns(connection).issuperset(_LATER_COLUMNS):
        _add_columns(connection)


def columns(connection: sqlite3.Connection, table: str = "steps") -> frozenset[str]:
    """Returns the columns of a table; none if there is no such table."""
    return frozenset(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))


def _add_columns(connection: sqlite3.Connection) -> None:
    """Adds the columns that ledgers of earlier versions lack; one runner does it, the others find it done."""
    connection.execute("BEGIN IMMEDIATE")
    present = columns(connection)
    for name in _LATER_COLUMNS:
        if name not in present:
            connection.execute(f"ALTER TABLE steps ADD COLUMN {name} TEXT")
    connection.execute("COMMIT")
