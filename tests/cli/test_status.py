"""`fediversity status`: how machines stand, out of records."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fediversity.cli.main import main
from fediversity.cli.status_model import Status, deployment_statuses, machine_statuses
from fediversity.cli.status_table import WIDTH, status_lines
from fediversity.fleet.load import parse_fleet
from fediversity.ledger.records import Probe, StepRecord
from fediversity.ledger.sqlite import Ledger
from tests.fleet.good import GOOD
from tests.ledger.records import run

FLEET = parse_fleet(GOOD, "fleet.yaml")
HASH = "0123456789abcdef" * 4


def standing(*records: StepRecord, probe: Probe | None = None, alive: bool = True) -> Status:
    probes = {"oak": probe} if probe else {}
    return next(item for item in machine_statuses(FLEET, records, probes, {}, lambda _pid: alive) if item.name == "oak")


def shown(*machines: Status, now: float) -> list[str]:
    lines = status_lines("dev, real machines: …", machines, (), ["spare"], Path(".fediversity/dev"), now)
    return [line.plain for line in lines]


def probe(after: StepRecord, *, healthy: bool = True, reachable: bool = True, drift: bool = False) -> Probe:
    system = "/nix/store/x-system" if reachable else None
    return Probe(1, "oak", (after.ended_at or 0) + 60, reachable, healthy, drift, system, "the reason")


def test_a_machine_that_was_never_rolled_out_is_known_to_be_neither_well_nor_ill() -> None:
    assert standing() == Status("oak", "oak", None)


def test_a_machine_is_well_after_an_update_until_somebody_looks() -> None:
    update = run("oak-update", fingerprint=HASH)
    assert (standing(update).health, standing(update).seen_by, standing(update).drift) == ("well", "a step", None)
    looked = standing(update, probe=probe(update, healthy=False, drift=True))
    assert (looked.health, looked.seen_by, looked.drift) == ("unwell", "a look", True)
    assert {note.kind for note in looked.notes} == {"unwell", "drifted"}


def test_a_look_from_before_the_last_update_says_nothing_any_more() -> None:
    first = run("oak-update")
    ill = probe(first, healthy=False)
    assert standing(first, run("oak-update", queued_at=ill.at, ended_at=ill.at + 9), probe=ill).health == "well"


def test_after_a_failed_update_nobody_knows_how_the_machine_is() -> None:
    found = standing(run("oak-update"), run("oak-update", "failed", reason="no space", hint="make room"))
    assert found.health == "unknown"
    (note,) = found.notes
    assert (note.kind, note.why, note.hint) == ("failed", "no space", "make room")


def test_a_machine_that_does_not_answer_is_not_called_drifted_or_not() -> None:
    update = run("oak-update")
    away = standing(update, probe=probe(update, healthy=False, reachable=False))
    assert (away.health, away.drift) == ("unreachable", None)


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [("failed", "failed"), ("rolled_back", "rolled back"), ("interrupted", "interrupted"), ("deferred", "deferred")],
)
def test_how_the_last_update_ended_is_told_in_its_own_word(outcome: None, kind: str) -> None:
    assert [note.kind for note in standing(run("oak-update"), run("oak-update", outcome)).notes] == [kind]


def test_a_step_that_runs_is_told_from_one_whose_runner_is_gone() -> None:
    queued = run("oak-update", None)
    at_work = replace(queued, started_at=queued.queued_at + 5)
    assert [note.kind for note in standing(queued, alive=True).notes] == ["waiting"]
    assert [note.kind for note in standing(at_work, alive=True).notes] == ["running"]
    assert [note.kind for note in standing(at_work, alive=False).notes] == ["interrupted"]


def test_a_failure_from_before_the_last_success_is_over() -> None:
    assert standing(run("oak-reach", "failed"), run("oak-update")).notes == ()


def test_a_machine_rolled_back_by_hand_is_held_and_says_until_when() -> None:
    (note,) = standing(run("oak-update"), run("oak-rollback", reason="rolled back by hand from b to a")).notes
    assert note.kind == "held"
    assert note.why == "rolled back by hand from b to a; its update runs again when its configuration changes"
    runs = [run("oak-update"), run("oak-update", "failed"), run("oak-rollback")]
    assert "the next rollout updates it again" in standing(*runs).notes[-1].why


def test_a_failed_deployment_is_told_with_the_deployment() -> None:
    name, deployment = next(iter(FLEET.placed_deployments.items()))
    records = [run(f"{name}-apply", "failed", machine=deployment.machine)]
    found = next(item for item in deployment_statuses(FLEET, records) if item.name == name)
    assert [note.kind for note in found.notes] == ["failed"]
    machine = next(item for item in machine_statuses(FLEET, records, {}, {}) if item.name == deployment.machine)
    assert machine.notes == ()


def test_the_table_has_a_row_a_machine_with_its_fingerprint_its_age_and_its_health() -> None:
    update = run("oak-update", fingerprint=f"derivation:{HASH}")
    lines = shown(standing(update, probe=probe(update)), now=(update.ended_at or 0) + 180)

    assert lines[2].split() == ["machine", "applied", "health"]
    assert " ".join(lines[3].split()) == "oak 01234567 3 min ago well, not drifted, looked at 2 min ago"
    assert lines[-1] == "Switched off: spare"


def test_nothing_that_matters_is_cut_and_lines_fit() -> None:
    reason = "the switch failed because " + "of many things " * 20
    failed = run("oak-update", "failed", reason=reason, hint="read " * 30)
    lines = shown(standing(failed), now=failed.started_at + 10)

    assert max(len(line) for line in lines) <= WIDTH
    text = " ".join(" ".join(lines).split())
    assert " ".join(reason.split()) in text
    assert "log: .fediversity/dev/logs/oak/oak-update.log" in lines[-3]


@pytest.mark.usefixtures("project")
def test_a_stack_without_a_ledger_was_never_rolled_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[0] == "dev, simulated machines: never rolled out from this checkout"
    assert all(name in printed for name in FLEET.enabled_machines)
    assert "\x1b" not in printed
    assert not Path(".fediversity").exists(), "a look writes nothing"


@pytest.mark.usefixtures("project")
def test_json_has_exact_times_and_everything_else(capsys: pytest.CaptureFixture[str]) -> None:
    ledger = Ledger(Path(".fediversity/dev/ledger.sqlite"))
    ledger.create()
    record = ledger.begin(
        step="oak-update", kind="update", machine="oak", server_id=None, fingerprint=HASH, command="", log="logs/x"
    )
    ledger.end(record, "applied", "it runs", "/nix/store/x")

    assert main(["status", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    oak = next(machine for machine in told["machines"] if machine["name"] == "oak")
    assert (oak["applied"]["fingerprint"], oak["applied"]["system"]) == (HASH, "/nix/store/x")
    assert oak["applied"]["at"].endswith("+00:00")
    assert 0 <= oak["applied"]["age_seconds"] < 60
    assert (oak["health"]["state"], oak["drift"], oak["notes"]) == ("well", None, [])
    assert {deployment["name"] for deployment in told["deployments"]} == set(FLEET.placed_deployments)
