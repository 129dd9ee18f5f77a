"""What a person reads after a rollout, out of the ledger."""

import pytest

from fediversity.ledger.records import StepRecord
from fediversity.planning.steps import Plan, Step
from fediversity.project.settings import parse_settings
from fediversity.rollout.remaining_steps import remaining_steps
from fediversity.rollout.summary import rollout_lines, step_lines, steps_taken_away
from tests.ledger.records import run

SETTINGS = parse_settings("dev", {"fleet": "stacks/dev.yaml"})
PLAN = Plan(
    (
        Step("fleet-vars", "vars", None, fingerprint="v"),
        Step("oak-update", "update", "oak", ("fleet-vars",), fingerprint="o"),
        Step("blog-apply", "apply", "oak", ("oak-update",), fingerprint="b", deployment="blog"),
        Step("elm-join", "join", "elm", ("oak-update",)),
        Step("elm-update", "update", "elm", ("elm-join",), fingerprint="e"),
        Step("ash-update", "update", "ash", ("fleet-vars",), fingerprint="a"),
    )
)


def told(*records: StepRecord, ended_well: bool = False) -> list[str]:
    return rollout_lines(SETTINGS, PLAN, records, remaining_steps(PLAN, records, {}), ended_well=ended_well)


def test_each_failure_comes_with_its_reason_what_to_do_and_its_log() -> None:
    lines = told(run("fleet-vars"), run("oak-update", "failed", reason="it broke:\n    no space", hint="make room"))

    at = lines.index("Failed:")
    assert lines[at + 1 : at + 5] == [
        "  oak-update after 2.0 s: it broke:",
        "      no space",
        "    what to do: make room",
        "    log: .fediversity/dev/logs/oak/oak-update.log",
    ]


def test_what_was_not_done_because_of_a_failure_is_said_with_what_it_needs() -> None:
    lines = told(run("fleet-vars"), run("oak-update", "failed"), run("ash-update", fingerprint="a"))

    at = lines.index("Not done because of that:")
    assert lines[at + 1 : at + 3] == ["  oak: blog-apply (needs oak-update)", "  elm: join, update (needs oak-update)"]
    assert not [line for line in lines[at:] if "ash" in line]


def test_what_is_as_it_should_be_already_is_not_called_undone() -> None:
    before = [run("elm-join"), run("elm-update", fingerprint="e"), run("blog-apply", machine="oak", fingerprint="old")]
    now = [run("oak-update", "failed")]

    lines = rollout_lines(SETTINGS, PLAN, now, remaining_steps(PLAN, [*before, *now], {}), ended_well=False)

    assert "  oak: blog-apply (needs oak-update)" in lines
    assert not [line for line in lines if line.startswith("  elm")]


def test_what_the_engine_never_reached_is_said_without_a_step_to_blame() -> None:
    assert "  elm: join, update (Pulumi did not get there)" in told(run("oak-update", fingerprint="o"))


def test_machines_that_were_put_off_or_taken_back_are_told_apart_from_failures() -> None:
    lines = told(
        run("oak-update", "rolled_back", reason="its mail did not answer"),
        run("ash-update", "deferred", reason="ash does not answer"),
        run("elm-join", "interrupted", reason="stopped by SIGINT"),
    )

    titles = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert [title.split()[0] for title in titles] == ["Put", "Taken", "Interrupted,", "Not"]
    assert lines[lines.index(titles[0]) + 1] == "  ash-update after 2.0 s: ash does not answer"
    assert lines[lines.index(titles[1]) + 1] == "  oak-update after 2.0 s: its mail did not answer"


def test_a_step_whose_runner_is_gone_is_not_called_failed() -> None:
    lines = told(run("oak-update", None))

    assert lines[0].startswith("Not ended")
    assert "Failed:" not in lines


def test_a_rollout_that_put_something_off_and_ended_well_lists_nothing_as_undone() -> None:
    lines = told(run("oak-update", "deferred"), ended_well=True)

    assert "Not done because of that:" not in lines


def test_steps_that_ended_well_have_a_line_each_in_the_order_they_started() -> None:
    lines = step_lines([run("oak-update", reason="oak runs\nmore"), run("blog-apply", "unchanged", machine="oak")])

    assert lines == ["  oak-update    2.0 s  applied: oak runs", "  blog-apply    2.0 s  unchanged: done"]


@pytest.mark.parametrize(("ended_well", "said"), [(True, "every machine is as it was"), (False, "no step has run")])
def test_a_rollout_without_steps_does_not_claim_more_than_it_knows(ended_well: bool, said: str) -> None:
    assert said in rollout_lines(SETTINGS, Plan(()), (), (), ended_well=ended_well)[-1]


def test_steps_are_taken_away_when_the_state_has_them_and_the_plan_has_not() -> None:
    urn = "urn:pulumi:dev::fediversity::fediversity:deployments:ClanDeployment$command:local:Command::"
    state = [{"urn": f"{urn}{name}", "type": "command:local:Command"} for name in ("oak-update", "elm-update")]
    others = [{"urn": "urn:pulumi:dev::fediversity::hcloud:index/server:Server::ash", "type": "hcloud:index/server"}]

    assert steps_taken_away({"oak-update"}, {"resources": [*state, *others]}) == ("elm-update",)
    assert steps_taken_away({"oak-update"}, {}) == ()
