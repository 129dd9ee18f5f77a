"""The ledger in SQLite, written by this process and by others that are killed in the middle."""

import random
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from fediversity.ledger.records import Outcome
from fediversity.ledger.sqlite import Ledger

_WRITER = """
import sys
from pathlib import Path
from fediversity.ledger.sqlite import Ledger
ledger, writer, times = Ledger(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
for number in range(times):
    ledger.create()
    record = ledger.begin(step=f"{writer}-{number}-update", kind="update", machine=writer, server_id=None,
                          fingerprint=str(number), command="clan", log=None)
    print(record, flush=True)
    ledger.record_start(record)
    ledger.end(record, "applied", f"by {writer}")
"""

_BEFORE_SYSTEM = """
CREATE TABLE steps (
    id INTEGER PRIMARY KEY, step TEXT NOT NULL, kind TEXT NOT NULL, machine TEXT, server_id TEXT, fingerprint TEXT,
    command TEXT NOT NULL, pid INTEGER NOT NULL, queued_at REAL NOT NULL, started_at REAL NOT NULL, ended_at REAL,
    outcome TEXT, reason TEXT, log TEXT
) STRICT;
INSERT INTO steps VALUES
    (1, 'cinnabar-update', 'update', 'cinnabar', '4711', '0123', 'clan', 1, 1.0, 1.0, 2.0, 'applied', 'runs', 'x.log');
"""
"""A ledger of the time when nobody wrote down which system a machine runs."""


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(tmp_path / ".fediversity" / "test" / "ledger.sqlite")
    ledger.create()
    return ledger


def begin(
    ledger: Ledger, step: str = "cinnabar-update", *, kind: str = "update", server_id: str | None = None, log: str = ""
) -> int:
    return ledger.begin(
        step=step,
        kind=kind,
        machine=step.rsplit("-", 1)[0],
        server_id=server_id,
        fingerprint="0123",
        command="clan machines update cinnabar",
        log=log,
    )


def installed(ledger: Ledger, outcome: Outcome | None, *, turn: bool = True, server_id: str = "4711") -> int:
    record = begin(ledger, "cinnabar-install", kind="install", server_id=server_id)
    if turn:
        ledger.record_start(record)
    if outcome is not None:
        ledger.end(record, outcome, "")
    return record


def writers(path: Path, count: int, times: int) -> list[subprocess.Popen[str]]:
    return [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path), f"writer{number}", str(times)], stdout=subprocess.PIPE, text=True
        )
        for number in range(count)
    ]


def test_only_its_owner_can_read_the_ledger_and_its_folder(ledger: Ledger) -> None:
    begin(ledger)

    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(ledger.path.parent.stat().st_mode) == 0o700


def test_making_the_ledger_again_keeps_its_records(ledger: Ledger) -> None:
    begin(ledger)

    ledger.create()

    assert len(ledger.records()) == 1


def test_a_ledger_that_does_not_exist_has_no_records_and_is_not_made_by_reading(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")

    assert ledger.records() == ()
    assert ledger.install_of("cinnabar", "4711") is None
    assert not ledger.path.exists()


def test_a_ledger_whose_maker_died_before_the_first_table_has_no_records(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.path.touch(0o600)

    assert ledger.records() == ()
    assert ledger.install_of("cinnabar", "4711") is None


def test_a_step_that_runs_has_neither_end_nor_outcome(ledger: Ledger) -> None:
    before = time.time()

    begin(ledger, log="logs/cinnabar/x.log")

    (record,) = ledger.records()
    assert (record.step, record.kind, record.machine) == ("cinnabar-update", "update", "cinnabar")
    assert (record.fingerprint, record.command) == ("0123", "clan machines update cinnabar")
    assert record.log == "logs/cinnabar/x.log"
    assert (record.ended_at, record.outcome, record.reason) == (None, None, None)
    assert before <= record.queued_at == record.started_at <= time.time()


def test_a_step_that_ended_has_its_end_outcome_and_reason(ledger: Ledger) -> None:
    ledger.end(begin(ledger), "failed", "no space left")

    (record,) = ledger.records()
    assert (record.outcome, record.reason) == ("failed", "no space left")
    assert record.ended_at is not None
    assert record.queued_at <= record.started_at <= record.ended_at <= time.time()


def test_a_step_that_looked_which_system_its_machine_runs_has_it_in_its_record(ledger: Ledger) -> None:
    ledger.end(begin(ledger), "applied", "it runs", "/nix/store/abc-nixos-system")
    ledger.end(begin(ledger), "applied", "nobody looked")

    assert [record.system for record in ledger.records()] == ["/nix/store/abc-nixos-system", None]


def old_ledger(path: Path) -> Ledger:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_BEFORE_SYSTEM)
    return Ledger(path)


def test_a_ledger_of_an_earlier_version_is_read_without_being_changed(tmp_path: Path) -> None:
    ledger = old_ledger(tmp_path / "ledger.sqlite")
    before = ledger.path.read_bytes()

    (record,) = ledger.records()

    assert (record.step, record.log) == ("cinnabar-update", "x.log")
    assert (record.system, record.address, record.hint) == (None, None, None)
    assert ledger.probes() == ledger.drifts() == {}
    assert ledger.path.read_bytes() == before


def test_a_ledger_of_an_earlier_version_keeps_its_records_and_takes_new_ones(tmp_path: Path) -> None:
    ledger = old_ledger(tmp_path / "ledger.sqlite")

    ledger.create()
    ledger.create()
    ledger.end(begin(ledger), "applied", "it runs", "/nix/store/abc-nixos-system")

    assert [(record.fingerprint, record.system) for record in ledger.records()] == [
        ("0123", None),
        ("0123", "/nix/store/abc-nixos-system"),
    ]


def test_several_processes_bring_a_ledger_of_an_earlier_version_up_to_date_at_once(tmp_path: Path) -> None:
    path = old_ledger(tmp_path / "ledger.sqlite").path

    processes = writers(path, count=4, times=5)
    for process in processes:
        process.communicate(timeout=60)

    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert len(Ledger(path).records()) == 1 + 4 * 5


def test_a_step_that_waited_starts_when_its_turn_came(ledger: Ledger) -> None:
    number = begin(ledger)
    queued_at = ledger.records()[0].queued_at
    time.sleep(0.05)

    ledger.record_start(number)

    (record,) = ledger.records()
    assert record.queued_at == queued_at
    assert record.started_at >= queued_at + 0.05


def test_a_turn_that_came_is_seen_even_if_the_clock_was_set_back(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = begin(ledger)
    monkeypatch.setattr(time, "time", lambda: 1000.0)

    ledger.record_start(number)

    (record,) = ledger.records()
    assert record.started_at > record.queued_at


def test_a_run_that_never_ended_is_closed_as_interrupted_by_the_next_of_the_same_step(ledger: Ledger) -> None:
    begin(ledger, "cinnabar-update")
    begin(ledger, "orb-nixos-update")
    ledger.end(begin(ledger, "cinnabar-reach"), "applied", "it answers")

    begin(ledger, "cinnabar-update")

    outcomes = [(record.step, record.outcome) for record in ledger.records()]
    assert outcomes == [
        ("cinnabar-update", "interrupted"),
        ("orb-nixos-update", None),
        ("cinnabar-reach", "applied"),
        ("cinnabar-update", None),
    ]
    assert ledger.records()[0].ended_at is not None


def found(ledger: Ledger) -> tuple[int, Outcome | None] | None:
    record = ledger.install_of("cinnabar", "4711")
    return None if record is None else (record.id, record.outcome)


def test_an_install_that_ended_well_is_preferred_to_a_later_one_that_did_not(ledger: Ledger) -> None:
    well = installed(ledger, "applied")
    installed(ledger, "failed")

    assert found(ledger) == (well, "applied")


def test_of_installs_that_did_not_end_well_the_newest_is_found(ledger: Ledger) -> None:
    installed(ledger, "failed")
    newest = installed(ledger, "interrupted")

    assert found(ledger) == (newest, "interrupted")


def test_an_install_of_another_server_or_machine_is_not_found(ledger: Ledger) -> None:
    installed(ledger, "applied", server_id="4712")
    ledger.end(begin(ledger, "orb-nixos-install", kind="install", server_id="4711"), "applied", "")
    ledger.end(begin(ledger, "cinnabar-update", server_id="4711"), "applied", "")

    assert found(ledger) is None


def test_an_install_whose_turn_never_came_touched_no_disk_and_is_not_found(ledger: Ledger) -> None:
    installed(ledger, "failed", turn=False)
    installed(ledger, "interrupted", turn=False)

    assert found(ledger) is None


def test_an_install_that_waits_for_its_turn_does_not_find_itself(ledger: Ledger) -> None:
    itself = installed(ledger, None, turn=False)
    assert found(ledger) is None

    ledger.record_start(itself)
    assert found(ledger) == (itself, None)


def test_several_processes_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ledger.sqlite"

    processes = writers(path, count=4, times=15)
    printed = [process.communicate(timeout=60)[0].split() for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    records = Ledger(path).records()
    assert sorted(record.step for record in records) == sorted(
        f"writer{writer}-{number}-update" for writer in range(4) for number in range(15)
    )
    assert all(record.outcome == "applied" and record.reason == f"by {record.machine}" for record in records)
    assert len({record.id for record in records}) == len(records)
    assert {number for numbers in printed for number in numbers} == {str(record.id) for record in records}
    assert len({record.pid for record in records}) == 4


@pytest.mark.parametrize("seed", range(3))
def test_writers_killed_in_the_middle_leave_a_ledger_that_can_be_read_and_written(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "ledger.sqlite"
    processes = writers(path, count=2, times=100_000)
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()

    time.sleep(random.Random(seed).uniform(0.0, 0.15))  # noqa: S311 (which moment it is has to differ, no more)
    for process in processes:
        process.send_signal(signal.SIGKILL)
    confirmed = {int(word) for process in processes for word in process.communicate()[0].split()}

    ledger = Ledger(path)
    records = ledger.records()
    assert confirmed <= {record.id for record in records}, "a record that its writer was told of is lost"
    assert len([record for record in records if record.outcome is None]) <= 2
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    begin(ledger)
    assert ledger.records()[-1].step == "cinnabar-update"


def test_a_record_that_names_no_machine_is_kept_as_it_is(ledger: Ledger) -> None:
    ledger.begin(
        step="fleet-vars", kind="vars", machine=None, server_id=None, fingerprint=None, command="clan", log=None
    )

    (record,) = ledger.records()
    assert (record.machine, record.server_id, record.fingerprint, record.log) == (None, None, None, None)
