"""What the records say of a machine."""

from dataclasses import replace

import pytest

from fediversity.ledger import history
from fediversity.ledger.records import Probe
from fediversity.support.durations import ago, took
from tests.ledger.records import run


def test_a_failure_is_over_when_the_step_went_well_since() -> None:
    failed, other = run("oak-update", "failed"), run("oak-reach", "interrupted")
    assert history.last_bad_end([failed]) == failed
    assert history.last_bad_end([failed, run("oak-update")]) is None
    assert history.last_bad_end([failed, other, run("oak-update")]) == other


def test_what_was_put_off_is_no_failure_and_is_over_when_it_was_done() -> None:
    put_off = run("oak-update", "deferred")
    assert history.last_bad_end([put_off]) is None
    assert history.deferred_steps([put_off]) == (put_off,)
    assert history.deferred_steps([put_off, run("oak-update", "unchanged")]) == ()


def test_a_machine_should_run_what_the_last_step_left_on_it() -> None:
    good = run("oak-update", system="/nix/store/a")
    assert history.should_run([]) is None
    assert history.should_run([good, run("oak-update", "failed", system="/nix/store/b")]) == "/nix/store/a"
    assert history.should_run([good, run("blog-apply", machine="oak", system="/nix/store/c")]) == "/nix/store/c"
    assert history.should_run([good, run("oak-update", "rolled_back", system="/nix/store/z")]) == "/nix/store/z"
    assert history.should_run([good, run("oak-reach")]) == "/nix/store/a"


def test_a_machine_rolled_back_by_hand_is_held_until_something_switches_it() -> None:
    update, rollback = run("oak-update"), run("oak-rollback")
    assert history.held([update, rollback], None) == rollback
    assert history.held([update, rollback, run("oak-reach")], None) == rollback
    assert history.held([update, rollback, run("oak-update")], None) is None
    assert history.held([update, run("oak-rollback", "failed")], None) is None


def test_a_rollback_does_not_hold_a_machine_whose_update_is_tried_again_anyway() -> None:
    runs = [run("oak-update"), run("oak-update", "failed"), run("oak-rollback")]
    assert history.held(runs, None) is None
    assert history.rolled_back_by_hand(runs) == runs[-1]


def test_a_machine_that_was_found_drifted_since_its_update_is_not_held() -> None:
    update, rollback = run("oak-update"), run("oak-rollback")
    since = Probe(1, "oak", (update.ended_at or 0) + 1, True, True, True, None, "")
    assert history.held([update, rollback], since) is None
    assert history.held([update, rollback], replace(since, at=update.started_at)) == rollback


def test_a_machine_is_where_the_newest_step_that_knew_reached_it() -> None:
    runs = [run("oak-reach", address="192.0.2.1"), run("oak-update", address="192.0.2.2"), run("oak-join")]
    assert history.last_address(runs) == "192.0.2.2"
    assert history.last_address([]) is None


def test_the_runs_of_a_machine_are_those_of_its_deployments_too() -> None:
    records = [run("blog-apply", machine="oak"), run("elm-update"), run("oak-update")]
    assert [record.step for record in history.of_machine(records, "oak")] == ["blog-apply", "oak-update"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (0.4, "just now"),
        (59, "59 s ago"),
        (61, "1 min ago"),
        (7300, "2 h ago"),
        (3 * 86400, "3 days ago"),
    ],
)
def test_ages_are_told_in_their_largest_unit(seconds: float, words: str) -> None:
    assert ago(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.04, "0.0 s"), (3.25, "3.2 s"), (125.9, "2 min 5 s"), (3845, "1 h 4 min")]
)
def test_durations_are_told_no_finer_than_anybody_wants(seconds: float, words: str) -> None:
    assert took(seconds) == words
