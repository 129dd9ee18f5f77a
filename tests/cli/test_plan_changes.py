"""`fediversity plan`: what it says of the changes of each machine, below the steps and in JSON."""

import json
import time
from pathlib import Path

import pytest

from fediversity.cli.main import main
from fediversity.ledger.sqlite import Ledger
from tests.cli.conftest import RENDERED

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def handed_over(project: Path) -> None:
    (project / "nix" / "fleet.json").write_text(RENDERED)


def as_json(capsys: Output) -> dict[str, object]:
    assert main(["plan", "--json"]) == 0
    data: dict[str, object] = json.loads(capsys.readouterr().out)
    return data


def roll_out(machine: str, fingerprint: str) -> None:
    """Writes down that a machine's update has ended well."""
    ledger = Ledger(Path(".fediversity/dev/ledger.sqlite"))
    ledger.create()
    record = ledger.begin(
        step=f"{machine}-update",
        kind="update",
        machine=machine,
        server_id=None,
        fingerprint=fingerprint,
        command="",
        log=None,
    )
    ledger.end(record, "applied", "")


def test_the_changes_stand_below_the_steps(capsys: Output) -> None:
    assert main(["plan"]) == 0
    printed = capsys.readouterr()
    table, _, below = printed.out.partition("\nWhat changes on each machine:\n")
    assert "oak-update" in table
    assert below.splitlines()[:2] == [
        "  (by source files; systems cannot be compared: the machines are simulated, and so is their Nix)",
        "  oak   new: never rolled out from this checkout",
    ]
    assert "yew" not in below, "it is switched off"
    assert printed.err == ""


def test_a_plan_makes_no_ledger(project: Path) -> None:
    assert main(["plan"]) == 0
    assert not (project / ".fediversity").exists()


def test_programs_get_the_changes_too(capsys: Output) -> None:
    steps = {step["name"]: step for step in as_json(capsys)["steps"]}  # type: ignore[attr-defined]
    roll_out("oak", steps["oak-update"]["fingerprint"])
    roll_out("ash", "another")

    changes = as_json(capsys)["changes"]

    assert isinstance(changes, dict)
    assert changes["without_nix"] == "the machines are simulated, and so is their Nix"
    assert changes["machines"][:3] == [
        {"machine": "oak", "state": "unchanged", "why": None, "lines": []},
        {"machine": "elm", "state": "new", "why": "never rolled out from this checkout", "lines": []},
        {"machine": "ash", "state": "changed", "why": None, "lines": []},
    ]


def test_a_broken_ledger_ends_the_plan_with_what_to_do(project: Path, capsys: Output) -> None:
    folder = project / ".fediversity" / "dev"
    folder.mkdir(parents=True)
    (folder / "ledger.sqlite").write_text("not a database, but as long as one has to be to be asked" * 100)
    assert main(["plan"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert ".fediversity/dev/ledger.sqlite cannot be read" in printed.err
    assert "fix: " in printed.err


def test_looking_for_changes_of_a_simulated_stack_is_quick(capsys: Output) -> None:
    as_json(capsys)
    began = time.process_time()
    as_json(capsys)
    assert time.process_time() - began < 0.5
