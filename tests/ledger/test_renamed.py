"""What was recorded of a machine is found under its present name, and carried over to it."""

from pathlib import Path
from typing import Any

import pytest

from fediversity.ledger.sqlite import Ledger

RENAMED = {"oak": "elm"}


def begin(ledger: Ledger, step: str, kind: str, machine: str | None) -> int:
    """Records that a step starts."""
    told: dict[str, Any] = {"server_id": "1", "fingerprint": None, "command": "", "log": f"logs/{machine}/x.log"}
    return ledger.begin(step=step, kind=kind, machine=machine, **told)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A ledger of two machines, one deployment and the fleet."""
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.create()
    begin(ledger, "fleet-vars", "vars", None)
    begin(ledger, "oak-install", "install", "oak")
    begin(ledger, "birds-apply", "apply", "oak")
    begin(ledger, "oak-nixos-update", "update", "oak-nixos")
    ledger.record_probe("oak", healthy=True, drift=True, system=None, detail="")
    return ledger.path


EXPECTED = [
    ("fleet-vars", None),
    ("elm-install", "elm"),
    ("birds-apply", "elm"),
    ("oak-nixos-update", "oak-nixos"),
]


def read(ledger: Ledger) -> list[tuple[str, str | None]]:
    """The steps and their machines."""
    return [(record.step, record.machine) for record in ledger.records()]


def test_records_are_read_under_the_present_name_and_stay_as_they_are(file: Path) -> None:
    assert read(Ledger(file, RENAMED)) == EXPECTED
    assert set(Ledger(file, RENAMED).drifts()) == {"elm"}
    assert read(Ledger(file))[1] == ("oak-install", "oak")


def test_records_are_carried_over_once_and_for_all(file: Path) -> None:
    for _ in range(2):
        Ledger(file, RENAMED).carry_over()
    assert read(Ledger(file)) == EXPECTED
    assert set(Ledger(file).probes()) == {"elm"}
    assert Ledger(file).install_of("elm", "1") is None, "an install that never had its turn does not count"


def test_nothing_is_made_where_there_is_no_ledger(tmp_path: Path) -> None:
    Ledger(tmp_path / "ledger.sqlite", RENAMED).carry_over()
    assert not list(tmp_path.iterdir())
