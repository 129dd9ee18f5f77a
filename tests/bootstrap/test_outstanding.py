"""What is left to do of a plan, and what keeps it."""

import pytest

from fediversity.ledger.records import Probe
from fediversity.planning.steps import Plan, Step
from fediversity.rollout.remaining_steps import machine_progress, remaining_steps
from tests.ledger.records import run

PLAN = Plan(
    (
        Step("oak-reach", "reach", "oak"),
        Step("oak-install", "install", "oak", ("oak-reach",)),
        Step("oak-update", "update", "oak", ("oak-install",), fingerprint="o"),
        Step("elm-update", "update", "elm", ("oak-update",), fingerprint="e"),
        Step("ash-update", "update", "ash", ("elm-update",), fingerprint="a"),
    )
)
ALL_DONE = [
    run("oak-reach", server_id="1"),
    run("oak-install", server_id="1"),
    run("oak-update", server_id="1", fingerprint="o"),
    run("elm-update", fingerprint="e"),
    run("ash-update", "unchanged", fingerprint="a"),
]


def test_an_update_is_left_when_vars_changed_until_it_has_run() -> None:
    seen = max(record.ended_at or 0 for record in ALL_DONE) + 1
    assert remaining_steps(PLAN, ALL_DONE, {}, {"elm": seen}) == {"elm-update"}
    later = run("elm-update", fingerprint="e", ended_at=seen + 1)
    assert remaining_steps(PLAN, [*ALL_DONE, later], {}, {"elm": seen}) == frozenset()


def test_nothing_is_left_when_every_step_ended_well_with_the_fingerprint_of_the_plan() -> None:
    assert remaining_steps(PLAN, ALL_DONE, {}) == frozenset()
    assert remaining_steps(PLAN, [], {}) == {step.name for step in PLAN}


@pytest.mark.parametrize("outcome", ["failed", "deferred", "rolled_back", "interrupted", None])
def test_a_step_is_left_when_its_newest_run_did_not_end_well(outcome: None) -> None:
    assert remaining_steps(PLAN, [*ALL_DONE, run("elm-update", outcome)], {}) == {"elm-update"}


def test_an_update_is_left_when_its_configuration_changed_or_its_machine_drifted_since() -> None:
    old = [*ALL_DONE, run("elm-update", fingerprint="older")]
    assert remaining_steps(PLAN, old, {}) == {"elm-update"}
    after, before = (ALL_DONE[3].ended_at or 0) + 1, ALL_DONE[3].started_at - 1
    assert remaining_steps(PLAN, ALL_DONE, {"elm": Probe(1, "elm", after, True, True, True, None, "")}) == {
        "elm-update"
    }
    assert remaining_steps(PLAN, ALL_DONE, {"elm": Probe(1, "elm", before, True, True, True, None, "")}) == frozenset()


def test_the_steps_of_a_replaced_server_are_left() -> None:
    assert remaining_steps(PLAN, [*ALL_DONE, run("oak-reach", server_id="2")], {}) == {"oak-install", "oak-update"}


def test_a_chain_says_what_its_machine_is_at_and_what_it_waits_for() -> None:
    since = [run("oak-reach"), run("oak-install", None)]
    oak, elm, ash = machine_progress(PLAN, since, remaining_steps(PLAN, since, {}), ["oak", "elm", "ash"])

    assert (oak.done, oak.total, [record.step for record in oak.running]) == (1, 3, ["oak-install"])
    assert (oak.next, oak.waits_for) == ("oak-update", ("oak-install",))
    assert (elm.touched, elm.next, elm.waits_for, elm.kept_by) == (False, "elm-update", ("oak-update",), ())
    assert ash.waits_for == ("elm-update",)


def test_a_machine_waits_for_what_is_left_however_far_before_it() -> None:
    left = {"oak-update", "ash-update"}
    *_, ash = machine_progress(PLAN, [], left, ["oak", "elm", "ash"])
    assert (ash.next, ash.waits_for) == ("ash-update", ("oak-update",))


def test_a_failure_keeps_everything_behind_it_however_far_and_a_step_put_off_keeps_nothing() -> None:
    since = [run("oak-reach"), run("oak-install", "failed")]
    _, elm, ash = machine_progress(PLAN, since, remaining_steps(PLAN, since, {}), ["oak", "elm", "ash"])
    assert (elm.kept_by, ash.kept_by) == (("oak-install",), ("oak-install",))

    since = [run("oak-reach"), run("oak-install", "deferred")]
    _, elm, _ = machine_progress(PLAN, since, remaining_steps(PLAN, since, {}), ["oak", "elm", "ash"])
    assert elm.kept_by == ()


def test_machines_come_in_the_order_they_are_given_whatever_the_plan_says() -> None:
    assert [chain.machine for chain in machine_progress(PLAN, [], [], ["ash", "oak", "elm"])] == ["ash", "oak", "elm"]
