"""Looks at machines between rollouts, and where a step reached its machine, in the ledger."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from fediversity.ledger.sqlite import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.create()
    return ledger


def test_the_newest_look_at_each_machine_counts(ledger: Ledger) -> None:
    before = time.time()
    ledger.record_probe("oak", healthy=True, drift=False, system="/nix/store/a", detail="well")
    ledger.record_probe("elm", healthy=False, drift=False, system=None, detail="no answer", reachable=False)
    ledger.record_probe("oak", healthy=False, drift=True, system="/nix/store/b", detail="another system")

    probes = ledger.probes()

    assert list(probes) == ["elm", "oak"]
    assert (probes["oak"].healthy, probes["oak"].drift, probes["oak"].system) == (False, True, "/nix/store/b")
    assert (probes["elm"].reachable, probes["elm"].system, probes["elm"].detail) == (False, None, "no answer")
    assert before <= probes["elm"].at <= probes["oak"].at <= time.time()


def test_a_look_that_found_drift_is_remembered_after_the_machine_was_found_well_again(ledger: Ledger) -> None:
    ledger.record_probe("oak", healthy=True, drift=True, system=None, detail="first")
    drifted = ledger.record_probe("oak", healthy=True, drift=True, system=None, detail="second")
    ledger.record_probe("oak", healthy=True, drift=False, system=None, detail="well again")
    ledger.record_probe("elm", healthy=True, drift=False, system=None, detail="always well")

    assert {machine: probe.id for machine, probe in ledger.drifts().items()} == {"oak": drifted}
    assert not ledger.probes()["oak"].drift


def test_looks_without_a_ledger_or_without_its_table_are_none(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "none.sqlite")
    assert ledger.probes() == {}
    assert not ledger.path.exists()
    ledger.path.touch()
    assert ledger.drifts() == {}


def test_a_ledger_of_an_earlier_version_takes_looks_after_it_was_made_again(ledger: Ledger) -> None:
    with closing(sqlite3.connect(ledger.path)) as connection:
        connection.executescript("DROP TABLE probes")

    ledger.create()
    ledger.record_probe("oak", healthy=True, drift=False, system=None, detail="well")

    assert set(ledger.probes()) == {"oak"}


def test_a_step_remembers_where_it_reached_its_machine_and_what_a_person_can_do(ledger: Ledger) -> None:
    record = ledger.begin(
        step="oak-update",
        kind="update",
        machine="oak",
        server_id=None,
        fingerprint=None,
        command="clan",
        log=None,
        address="192.0.2.7",
    )
    ledger.end(record, "failed", "no space left", hint="make room")

    (found,) = ledger.records()
    assert (found.address, found.hint, found.subject) == ("192.0.2.7", "make room", "oak")
