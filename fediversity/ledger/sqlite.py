"""The ledger in SQLite: one file, written by several runners at the same time."""

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from fediversity.ledger.records import ENDED_WELL, AppliedVars, Outcome, Probe, StepRecord
from fediversity.ledger.schema import bring_up_to_date, columns

_COLUMNS = tuple(StepRecord.__dataclass_fields__)
_BUSY_SECONDS = 30.0


class Ledger:
    """The record of every step of one stack. Safe to use from several processes at once.

    `renamed` maps former names of machines to present ones; records under a former name are read under the present one.
    Methods raise sqlite3.Error if the file cannot be read or written, for example on a full disk.
    """

    def __init__(self, path: Path, renamed: Mapping[str, str] | None = None) -> None:
        self.path = path
        self.renamed = renamed or {}

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # Each call opens a short connection, so nothing stays open while a step runs for minutes.
        with closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
            yield connection

    def create(self) -> None:
        """Creates the file and its tables where they are missing. Only the owner can read the file."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
        with self._open() as connection:
            bring_up_to_date(connection)

    def begin(
        self,
        *,
        step: str,
        kind: str,
        machine: str | None,
        server_id: str | None,
        fingerprint: str | None,
        command: str,
        log: str | None,
        address: str | None = None,
        size: str | None = None,
    ) -> int:
        """Records that a step starts now. Returns the record's id.

        Closes earlier runs of the same step that never ended as interrupted: a step runs once at a time, so their
        runner is gone.
        """
        now = time.time()
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "UPDATE steps SET outcome = 'interrupted', ended_at = ?, reason = 'its runner ended in the middle' "
                "WHERE step = ? AND outcome IS NULL",
                (now, step),
            )
            cursor = connection.execute(
                "INSERT INTO steps (step, kind, machine, server_id, fingerprint, command, pid, queued_at, started_at, "
                "log, address, size) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (step, kind, machine, server_id, fingerprint, command, os.getpid(), now, now, log, address, size),
            )
            connection.execute("COMMIT")
        if cursor.lastrowid is None:
            raise sqlite3.DatabaseError("the ledger gave no id for a new record")
        return cursor.lastrowid

    def record_start(self, record_id: int) -> None:
        """Records that a step which waited for its slot starts now."""
        with self._open() as connection:
            # Later than `queued_at` even if the clock was set back: from then on the machine may have been changed.
            connection.execute(
                "UPDATE steps SET started_at = max(?, queued_at + 0.001) WHERE id = ?", (time.time(), record_id)
            )

    def record_boot(self, record_id: int, boot: str) -> None:
        """Records the boot id that a step has read on its machine."""
        with self._open() as connection:
            connection.execute("UPDATE steps SET boot = ? WHERE id = ?", (boot, record_id))

    def end(
        self, record_id: int, outcome: Outcome, reason: str, system: str | None = None, hint: str | None = None
    ) -> None:
        """Records that a step ended now, and the system that its machine runs since, if the step looked.

        `hint` is what a person can do about a failure.
        """
        with self._open() as connection:
            connection.execute(
                "UPDATE steps SET ended_at = ?, outcome = ?, reason = ?, system = ?, hint = ? WHERE id = ?",
                (time.time(), outcome, reason, system, hint or None, record_id),
            )

    def records(self, queued_since: float = 0.0) -> tuple[StepRecord, ...]:
        """Returns every run of every step, in the order they started. Empty if the ledger does not exist.

        With `queued_since` (seconds since 1970), only those that were queued then or later.
        """
        return self._select("WHERE queued_at >= ?", (queued_since,))

    def record_probe(
        self,
        machine: str,
        *,
        healthy: bool,
        drift: bool,
        system: str | None,
        detail: str,
        reachable: bool = True,
    ) -> int:
        """Records a probe of a machine, made just now. Returns the record's id."""
        with self._open() as connection:
            cursor = connection.execute(
                "INSERT INTO probes (machine, at, reachable, healthy, drift, system, detail) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (machine, time.time(), reachable, healthy, drift, system, detail),
            )
        if cursor.lastrowid is None:
            raise sqlite3.DatabaseError("the ledger gave no id for a new record")
        return cursor.lastrowid

    def probes(self) -> Mapping[str, Probe]:
        """Returns the newest probe of each machine."""
        return self._newest_probes(at_least_drift=0)

    def drifts(self) -> Mapping[str, Probe]:
        """Returns the newest probe of each machine that found it drifted, whatever later probes found."""
        return self._newest_probes(at_least_drift=1)

    def _newest_probes(self, at_least_drift: int) -> Mapping[str, Probe]:
        if not self.path.exists():
            return {}
        with self._open() as connection:
            if not columns(connection, "probes"):
                return {}
            rows = connection.execute(
                "SELECT id, machine, at, reachable, healthy, drift, system, detail FROM probes "
                "WHERE id IN (SELECT max(id) FROM probes WHERE drift >= ? GROUP BY machine) ORDER BY machine",
                (at_least_drift,),
            )
            found = (
                Probe(number, machine, at, bool(reachable), bool(healthy), bool(drift), system, detail)
                for number, machine, at, reachable, healthy, drift, system, detail in rows
            )
            newest = sorted((probe.under(self.renamed) for probe in found), key=lambda probe: probe.id)
            return {probe.machine: probe for probe in newest}

    def record_vars(self, machine: str, files: Mapping[str, str], mark: int | None) -> None:
        """Records the vars and keys that a machine has from now on. Without `mark` the earlier one stays."""
        with self._open() as connection:
            connection.execute(
                "INSERT INTO given (machine, at, files, mark) VALUES (?, ?, ?, ?) ON CONFLICT (machine) DO UPDATE "
                "SET at = excluded.at, files = excluded.files, mark = coalesce(excluded.mark, given.mark)",
                (machine, time.time(), json.dumps(files, sort_keys=True), mark),
            )

    def given(self, machine: str | None = None) -> Mapping[str, AppliedVars]:
        """Returns the vars and keys of each machine's last good update by machine; with `machine`, of that one only."""
        if not self.path.exists():
            return {}
        with self._open() as connection:
            if not columns(connection, "given"):
                return {}
            rows = connection.execute(
                "SELECT machine, at, files, mark FROM given WHERE ?1 IS NULL OR machine = ?1 ORDER BY at", (machine,)
            )
            found = (AppliedVars(machine, at, json.loads(files), mark) for machine, at, files, mark in rows)
            return {applied.machine: applied for applied in (entry.under(self.renamed) for entry in found)}

    def carry_over(self) -> None:
        """Rewrites records of former names under the present ones. Doing it twice does no harm."""
        if not self.renamed or not self.path.exists():
            return
        with self._open() as connection:
            bring_up_to_date(connection)
            connection.execute("BEGIN IMMEDIATE")
            for old, new in self.renamed.items():
                connection.execute(
                    "UPDATE steps SET machine = ?1, step = CASE WHEN step = ?2 || '-' || kind THEN ?1 || '-' || kind "
                    "ELSE step END WHERE machine = ?2",
                    (new, old),
                )
                connection.execute("UPDATE probes SET machine = ? WHERE machine = ?", (new, old))
                connection.execute("UPDATE OR REPLACE given SET machine = ? WHERE machine = ?", (new, old))
            connection.execute("COMMIT")

    def install_of(self, machine: str, server_id: str) -> StepRecord | None:
        """Returns the newest install of this server: one that ended well if there is one, else any that got its slot.

        An install without a slot has not touched the disks and does not count.
        """
        installs = self._select("WHERE machine = ? AND kind = 'install' AND server_id = ?", (machine, server_id))
        ended_well = [record for record in installs if record.outcome in ENDED_WELL]
        started = [record for record in installs if record.started_at > record.queued_at]
        return max(ended_well or started, key=lambda record: record.id, default=None)

    def _select(self, where: str = "", values: tuple[str | float, ...] = ()) -> tuple[StepRecord, ...]:
        if not self.path.exists():
            return ()
        with self._open() as connection:
            present = columns(connection)
            if not present:
                return ()  # The first runner has created the file and not yet the table, or died in between.
            # Reading never upgrades the file, so a column that it lacks is read as empty.
            selected = ", ".join(name if name in present else f"NULL AS {name}" for name in _COLUMNS)
            rows = connection.execute(f"SELECT {selected} FROM steps {where} ORDER BY id", values)  # noqa: S608 (constants)
            return tuple(StepRecord(*row).under(self.renamed) for row in rows)
