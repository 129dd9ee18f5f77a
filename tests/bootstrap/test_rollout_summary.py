"""What a person reads after a rollout, out of the ledger."""

from pathlib import Path

import pytest

from fediversity.engine.rollout import rollout_lines, step_lines, steps_since, steps_taken_away
from fediversity.ledger.records import Outcome
from fediversity.ledger.sqlite import Ledger
from fediversity.plan.settings import parse_settings
from fediversity.plan.steps import Plan

SETTINGS = parse_settings("dev", {"fleet": "stacks/dev.yaml"})


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger(tmp_path / ".fediversity" / "dev" / "ledger.sqlite")
    made.create()
    return made


def run(ledger: Ledger, step: str, outcome: Outcome | None, reason: str = "done") -> None:
    record = ledger.begin(
        step=step, kind="update", machine="m", server_id=None, fingerprint=None, command="", log=f"logs/m/{step}.log"
    )
    if outcome is not None:
        ledger.end(record, outcome, reason)


def test_steps_of_earlier_rollouts_are_left_out(ledger: Ledger, tmp_path: Path) -> None:
    run(ledger, "oak-update", "applied")
    run(ledger, "elm-update", "applied")
    began = ledger.records()[1].queued_at

    assert [record.step for record in steps_since(tmp_path, "dev", began)] == ["elm-update"]


def test_what_did_not_end_well_comes_last_with_the_place_of_its_log(ledger: Ledger) -> None:
    run(ledger, "oak-update", "failed", "the switch failed\n    line of the tool")
    run(ledger, "elm-update", "applied", "elm runs a new system")
    run(ledger, "ash-update", None)

    lines = step_lines("dev", ledger.records())

    assert "elm runs a new system" in lines[0]
    assert "failed: the switch failed" in lines[1]
    assert lines[2].strip() == "log: .fediversity/dev/logs/m/oak-update.log"
    assert "running: has not ended" in lines[3]


@pytest.mark.parametrize(
    ("ended_well", "said"), [(True, "every machine is as it was"), (False, "see the errors above")]
)
def test_a_rollout_without_steps_does_not_claim_more_than_it_knows(ended_well: bool, said: str) -> None:
    (line,) = rollout_lines(SETTINGS, Plan(()), (), ended_well=ended_well)

    assert said in line


def test_steps_are_taken_away_when_the_state_has_them_and_the_plan_has_not() -> None:
    urn = "urn:pulumi:dev::fediversity::fediversity:deployments:ClanDeployment$command:local:Command::"
    state = [{"urn": f"{urn}{name}", "type": "command:local:Command"} for name in ("oak-update", "elm-update")]
    others = [{"urn": "urn:pulumi:dev::fediversity::hcloud:index/server:Server::ash", "type": "hcloud:index/server"}]

    assert steps_taken_away({"oak-update"}, {"resources": [*state, *others]}) == ("elm-update",)
    assert steps_taken_away({"oak-update"}, {}) == ()
