"""The critical path of a rollout: the longest chain of steps that really ran."""

from fediversity.planning.critical_path import CriticalPath, critical_path
from fediversity.planning.steps import Plan, Step
from tests.planning.samples import dev_fleet, plan_of

DIAMOND = Plan(
    (
        Step("start", "vars", None),
        Step("fast", "reach", "a", ("start",)),
        Step("slow", "reach", "b", ("start",)),
        Step("end", "update", "a", ("fast", "slow")),
    )
)


def test_the_slower_way_through_counts() -> None:
    path = critical_path(DIAMOND, {"start": 1.0, "fast": 2.0, "slow": 5.0, "end": 3.0})
    assert path == CriticalPath(("start", "slow", "end"), 9.0)


def test_a_step_that_did_not_run_takes_no_time_and_is_not_named() -> None:
    assert critical_path(DIAMOND, {"start": 1.0, "fast": 2.0, "end": 3.0}) == CriticalPath(
        ("start", "fast", "end"), 6.0
    )
    assert critical_path(DIAMOND, {"slow": 5.0}) == CriticalPath(("slow",), 5.0)


def test_a_chain_that_ends_early_can_be_the_longest() -> None:
    assert critical_path(DIAMOND, {"slow": 5.0, "end": 0.0}).seconds == 5.0
    apart = Plan((Step("short", "reach", "a"), Step("long", "reach", "b")))
    assert critical_path(apart, {"short": 1.0, "long": 2.0}) == CriticalPath(("long",), 2.0)


def test_no_rollout_is_faster_than_its_critical_path_nor_slower_than_one_step_after_another() -> None:
    plan = plan_of(dev_fleet())
    seconds = {step.name: float(index % 7 + 1) for index, step in enumerate(plan)}
    path = critical_path(plan, seconds)
    assert sum(seconds[name] for name in path.steps) == path.seconds
    assert max(seconds.values()) <= path.seconds < sum(seconds.values())
    assert all(before in plan.by_name[after].after for before, after in zip(path.steps, path.steps[1:], strict=False))


def test_where_nothing_ran_there_is_no_path() -> None:
    assert critical_path(DIAMOND, {}) == CriticalPath((), 0.0)
    assert critical_path(Plan(()), {}) == CriticalPath((), 0.0)
