"""The figures of a rollout, on ledgers made up for it."""

import pytest

from fediversity.ledger.records import StepRecord
from fediversity.planning.steps import Plan, Step
from tests.rollout.figures import HANDED_ON, Span, figures, longest_beyond, most_at_once
from tests.rollout.large import LIMITS, fleet, kind_of

PLAN = Plan((Step("a-install", "install", "a"), Step("a-update", "update", "a", ("a-install",))))
ALONE = {"installs": 1, "updates": 4}


def record(step: str, queued: float, begin: float, end: float) -> StepRecord:
    machine, _, kind = step.partition("-")
    return StepRecord(1, step, kind, machine, None, None, "", 1, queued, begin, end, "applied", None, None)


def test_the_floor_is_the_critical_path_where_no_cap_is_reached() -> None:
    found = figures(PLAN, [record("a-install", 0, 1, 3), record("a-update", 3.2, 3.5, 5.5)], ALONE, {"a": "hetzner"})

    assert (found.path.steps, found.path.seconds) == (("a-install", "a-update"), 4.0)
    assert (found.makespan, found.floor) == (5.5, 4.0)


def test_the_floor_is_the_time_of_a_cap_s_steps_where_that_is_longer() -> None:
    plan = Plan(tuple(Step(f"{name}-install", "install", name) for name in "abc"))
    records = [record(f"{name}-install", 0, 1 + 2 * at, 3 + 2 * at) for at, name in enumerate("abc")]

    found = figures(plan, records, {"installs": 1}, dict.fromkeys("abc", "gcp"))

    assert found.path.seconds == 2.0
    assert found.floor == 6.0
    assert [(cap.most, cap.handed_on, cap.held) for cap in found.caps] == [(1, 0.0, True)]


@pytest.mark.parametrize(("overlap", "held"), [(0.0, True), (HANDED_ON / 2, True), (HANDED_ON * 2, False)])
def test_a_cap_is_held_if_turns_overlap_no_longer_than_it_takes_to_hand_one_on(overlap: float, held: bool) -> None:
    plan = Plan(tuple(Step(f"{name}-install", "install", name) for name in "ab"))
    records = [record("a-install", 0, 1, 3), record("b-install", 0, 3 - overlap, 5)]

    found = figures(plan, records, {"per_provider": {"gcp": 1}}, dict.fromkeys("ab", "gcp"))

    assert [(cap.name, cap.held, cap.most) for cap in found.caps] == [("gcp", held, 1 if held else 2)]


def test_a_step_that_has_not_had_its_turn_takes_no_slot() -> None:
    found = figures(PLAN, [record("a-install", 0, 0, 3), record("a-update", 3, 4, 5)], ALONE, {"a": "gcp"})

    assert [(cap.name, cap.busy) for cap in found.caps] == [("installs", 0.0), ("updates", 1.0)]


def test_how_much_ran_at_once_and_for_how_long_too_much_did() -> None:
    spans = [Span("a", 0, 10), Span("b", 2, 6), Span("c", 3, 4), Span("d", 6, 8)]

    assert most_at_once(spans) == 3
    assert longest_beyond(spans, 2) == 1.0
    assert longest_beyond(spans, 1) == 6.0
    assert longest_beyond(spans, 3) == 0.0


def test_a_large_fleet_has_every_kind_of_machine_and_some_that_wait() -> None:
    machines = fleet(100)["machines"]

    assert {kind_of(number) for number in range(100)} == set(LIMITS["per_provider"])  # type: ignore[call-overload]
    assert sum("disk" in machine for machine in machines.values()) >= 10
    assert 5 <= sum(bool(machine["after"]) for machine in machines.values()) <= 20
