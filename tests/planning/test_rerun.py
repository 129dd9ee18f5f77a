"""Which steps the engine is made to run again, and that it happens once."""

from dataclasses import dataclass, replace

from fediversity.planning.rerun import rerun_numbers


@dataclass(frozen=True)
class Run:
    """A run of a step; the later ones have the higher numbers."""

    id: int
    step: str
    kind: str
    outcome: str | None

    @property
    def started_at(self) -> float:
        return float(self.id)


@dataclass(frozen=True)
class Drift:
    """A look that found drift."""

    id: int
    machine: str
    at: float


def update(number: int, outcome: str | None) -> Run:
    return Run(number, "moss-update", "update", outcome)


def test_what_ended_well_is_not_run_again() -> None:
    assert rerun_numbers([update(1, "applied"), update(2, "unchanged")]) == {}


def test_every_other_ending_makes_the_step_run_again() -> None:
    for number, outcome in enumerate(["deferred", "rolled_back", "failed", "interrupted"], start=1):
        assert rerun_numbers([update(number, outcome)]) == {"moss-update": number}


def test_the_newest_bad_ending_counts() -> None:
    assert rerun_numbers([update(3, "failed"), update(7, "deferred"), update(5, "failed")]) == {"moss-update": 7}


def test_after_a_good_ending_nothing_changes_until_the_next_bad_one() -> None:
    before = [update(1, "applied"), update(2, "deferred")]

    assert rerun_numbers([*before, update(3, "applied")]) == rerun_numbers(before)
    assert rerun_numbers([*before, update(3, "applied"), update(4, "failed")]) == {"moss-update": 4}


def test_a_run_that_never_ended_counts_the_same_before_and_after_it_is_closed() -> None:
    cut_off = update(2, None)

    assert rerun_numbers([cut_off]) == rerun_numbers([replace(cut_off, outcome="interrupted"), update(3, "applied")])


def test_nothing_in_the_ledger_makes_a_server_be_installed_again() -> None:
    runs = [Run(1, "oak-install", "install", "failed"), Run(2, "oak-install", "install", None)]

    assert rerun_numbers([*runs, Run(3, "oak-unlock", "unlock", "failed")]) == {}


def test_a_rollback_by_hand_that_failed_is_a_person_s_business() -> None:
    assert rerun_numbers([Run(1, "oak-rollback", "rollback", "failed")]) == {}


def test_a_machine_that_was_found_drifted_is_updated_once() -> None:
    runs = [update(4, "applied")]
    drifts = [Drift(9, "moss", at=5.0)]

    assert rerun_numbers(runs, drifts) == {"moss-update": -9}
    assert rerun_numbers([*runs, update(6, "applied")], drifts) == {"moss-update": -9}


def test_the_later_of_a_bad_ending_and_a_drift_counts() -> None:
    drifts = [Drift(9, "moss", at=5.0)]

    assert rerun_numbers([update(4, "failed")], drifts) == {"moss-update": -9}
    assert rerun_numbers([update(6, "failed")], drifts) == {"moss-update": 6}


def test_steps_of_several_machines_are_told_apart() -> None:
    runs = [update(1, "failed"), Run(2, "oak-update", "update", "applied"), Run(3, "moss-join", "join", "deferred")]

    assert rerun_numbers(runs, [Drift(1, "oak", at=9.0)]) == {"moss-update": 1, "moss-join": 3, "oak-update": -1}


@dataclass(frozen=True)
class Given:
    """A last good update, and the number it was declared with."""

    machine: str
    at: float
    mark: int | None


def test_vars_that_changed_run_the_update_once_and_it_stays_under_that_number() -> None:
    done = [update(1, "applied")]
    first = Given("moss", 1.5, None)
    assert rerun_numbers(done, (), [first]) == {}

    number = rerun_numbers(done, (), [first], {"moss": "new"})["moss-update"]
    assert rerun_numbers(done, (), [first], {"moss": "new"}) == {"moss-update": number}, (
        "a preview and its rollout agree"
    )

    after = [*done, update(2, "applied")]
    assert rerun_numbers(after, (), [Given("moss", 2.5, number)]) == {"moss-update": number}
    assert rerun_numbers(after, (), [Given("moss", 2.5, number)], {"moss": "newer"}) != {"moss-update": number}


def test_an_update_for_changed_vars_that_was_put_off_or_failed_is_run_again() -> None:
    first = Given("moss", 1.5, None)
    number = rerun_numbers([update(1, "applied")], (), [first], {"moss": "new"})
    for outcome in ("deferred", "failed", None):
        again = rerun_numbers([update(1, "applied"), update(2, outcome)], (), [first], {"moss": "new"})
        assert again != number
        assert again["moss-update"] != 2


def test_a_bad_end_after_an_update_for_changed_vars_counts_and_one_before_it_does_not() -> None:
    last = Given("moss", 5.5, 99)
    assert rerun_numbers([update(5, "deferred")], (), [last]) == {"moss-update": 99}
    assert rerun_numbers([update(6, "deferred")], (), [last]) == {"moss-update": 6}
    assert rerun_numbers([], [Drift(3, "moss", 7.0)], [last]) == {"moss-update": -3}
