"""Fingerprints of derivations, and which one a machine keeps."""

from typing import Any

import pytest

from fediversity.ledger.records import Outcome, StepRecord
from fediversity.nix_eval.evaluate import System
from fediversity.planning.derivation_fingerprint import (
    PREFIX,
    applied,
    current,
    deployed,
    last_update,
    of_derivation,
    running,
    switches,
)

OAK = System("/nix/store/1-oak.drv", "/nix/store/1-oak", "/nix/store/0-oak.drv")
OTHER = "/nix/store/2-oak"
ON_OAK = {"flowers": "pixelfed"}


def records(*runs: tuple[str, Outcome | None, str | None]) -> tuple[StepRecord, ...]:
    """Steps of the machine oak that ran one after the other: name, outcome, the system seen afterwards."""
    return tuple(record(number, *run) for number, run in enumerate(runs, start=1))


def record(number: int, step: str, outcome: Outcome | None, system: str | None, **more: Any) -> StepRecord:
    given: dict[str, Any] = {"machine": "oak", "server_id": None, "command": "", "pid": 1, "reason": "", "log": None}
    times = {"queued_at": 1.0, "started_at": 1.0, "ended_at": 2.0 if outcome else None}
    kind = step.rpartition("-")[2]
    return StepRecord(
        **{**given, **times, **more},
        id=number,
        step=step,
        kind=kind,
        fingerprint=f"f{number}",
        outcome=outcome,
        system=system,
    )


def test_a_fingerprint_is_of_what_lies_below_the_deployments() -> None:
    fingerprint = of_derivation(OAK, ON_OAK)
    assert fingerprint.startswith(PREFIX)
    assert of_derivation(System("x", "y", OAK.below), ON_OAK) == fingerprint
    assert of_derivation(System(OAK.derivation, OAK.output, "/nix/store/other.drv"), ON_OAK) != fingerprint


def test_a_fingerprint_says_which_deployments_there_are_in_no_order() -> None:
    one, other = {"a": "mastodon", "b": "pixelfed"}, {"b": "pixelfed", "a": "mastodon"}
    assert of_derivation(OAK, one) == of_derivation(OAK, other)
    some: list[dict[str, str]] = [{}, {"a": "mastodon"}, {"a": "pixelfed"}, {"b": "mastodon"}, one]
    assert len({of_derivation(OAK, deployments) for deployments in some}) == len(some)


KEPT: dict[str, tuple[tuple[tuple[str, Outcome | None, str | None], ...], str | None]] = {
    "never rolled out": ((), None),
    "runs it since its update": ((("oak-update", "applied", OAK.output),), "f1"),
    "ran it before its update already": ((("oak-update", "unchanged", OAK.output),), "f1"),
    "runs another system": ((("oak-update", "applied", OTHER),), None),
    "nobody wrote down what it runs": ((("oak-update", "applied", None),), None),
    "its update failed": ((("oak-update", "failed", None),), None),
    "its newest update failed": ((("oak-update", "applied", OAK.output), ("oak-update", "failed", None)), None),
    "its newest update was cut off": (
        (("oak-update", "applied", OAK.output), ("oak-update", "interrupted", None)),
        None,
    ),
    "its newest update has not ended": ((("oak-update", "applied", OAK.output), ("oak-update", None, None)), None),
    "updated once more since it failed": (
        (("oak-update", "failed", None), ("oak-update", "applied", OAK.output)),
        "f2",
    ),
    "runs it since an older update": (
        (("oak-update", "applied", OAK.output), ("oak-update", "applied", OTHER)),
        None,
    ),
    "runs it since a deployment": (
        (("oak-update", "applied", OTHER), ("flowers-apply", "applied", OAK.output)),
        "f1",
    ),
    "a wanted deployment put its own system on top": (
        (("oak-update", "applied", OAK.output), ("flowers-apply", "applied", OTHER)),
        "f1",
    ),
    "a wanted deployment failed": ((("oak-update", "applied", OAK.output), ("flowers-apply", "failed", None)), "f1"),
    "a deployment that is gone put its own system on top": (
        (("oak-update", "applied", OAK.output), ("birds-apply", "applied", OTHER)),
        None,
    ),
    "a deployment that is gone failed": (
        (("oak-update", "applied", OAK.output), ("birds-apply", "failed", None)),
        None,
    ),
    "a deployment before the update does not count": (
        (("birds-apply", "applied", OTHER), ("oak-update", "applied", OAK.output)),
        "f2",
    ),
    "a deployment brought it, but the update below failed": (
        (("oak-update", "failed", None), ("flowers-apply", "applied", OAK.output)),
        None,
    ),
}


@pytest.mark.parametrize("case", KEPT)
def test_a_machine_keeps_the_fingerprint_of_its_update_when_running_it_again_would_change_nothing(case: str) -> None:
    runs, expected = KEPT[case]
    assert applied(records(*runs), OAK, ON_OAK) == expected


@pytest.mark.parametrize("case", KEPT)
def test_a_machine_has_the_fingerprint_that_it_keeps_else_that_of_its_derivation(case: str) -> None:
    runs, kept = KEPT[case]
    meant = of_derivation(OAK, ON_OAK)
    assert current(records(*runs), OAK, ON_OAK, {}) == (kept or meant, meant)


def test_a_kept_fingerprint_outlives_a_change_of_what_is_deployed_above() -> None:
    runs = records(("oak-update", "applied", OTHER), ("flowers-apply", "applied", OTHER))
    meant = of_derivation(OAK, ON_OAK)
    assert current(runs, OAK, ON_OAK, {"f1": meant}) == ("f1", meant)
    assert current(runs, OAK, ON_OAK, {"f1": "something else"}) == (meant, meant)
    assert current(runs, OAK, {}, {"f1": meant})[0] != "f1", "a deployment is gone"
    failed = (*runs, record(3, "oak-update", "failed", None))
    assert current(failed, OAK, ON_OAK, {"f1": meant}) == (meant, meant)


def test_only_what_switches_a_machine_to_another_system_counts() -> None:
    all_ = (
        record(1, "oak-install", "applied", None),
        record(2, "oak-update", "applied", OAK.output),
        record(3, "oak-reach", "failed", None),
        record(4, "ash-update", "failed", None, machine="ash"),
        record(5, "fleet-vars", "applied", None, machine=None),
        record(6, "flowers-apply", "applied", OTHER),
    )
    assert [run.id for run in switches(all_, "oak")] == [2, 6]


def test_what_a_machine_runs_is_what_was_seen_last() -> None:
    assert running(()) is None
    assert running(records(("oak-update", "applied", None))) is None
    assert running(records(("oak-update", "applied", OTHER), ("oak-update", "failed", None))) == OTHER
    assert running(records(("oak-update", "applied", OTHER), ("flowers-apply", "applied", OAK.output))) == OAK.output


def test_the_last_update_is_the_newest_that_ended_well() -> None:
    assert last_update(records(("flowers-apply", "applied", None), ("oak-update", "failed", None))) is None
    newest = last_update(records(("oak-update", "applied", None), ("oak-update", "unchanged", None)))
    assert newest is not None
    assert newest.id == 2


RENDERED = {"deployments": {"flowers": {"machine": "oak"}, "birds": {"machine": "elm"}}}

AS_THEY_SHOULD_BE: dict[str, tuple[tuple[tuple[str, Outcome | None, str | None], ...], dict[str, str]]] = {
    "never deployed": ((("oak-update", "applied", OAK.output),), {}),
    "the machine runs what it is asked to": (
        (("oak-update", "applied", OAK.output), ("flowers-apply", "applied", OAK.output)),
        {"flowers-apply": "f2"},
    ),
    "an update of the machine brought it later": (
        (("flowers-apply", "applied", OTHER), ("oak-update", "applied", OAK.output)),
        {"flowers-apply": "f1"},
    ),
    "it is asked to be something else": (
        (("oak-update", "applied", OTHER), ("flowers-apply", "applied", OTHER)),
        {},
    ),
    "its newest run failed": (
        (("flowers-apply", "applied", OAK.output), ("flowers-apply", "failed", None)),
        {},
    ),
}


@pytest.mark.parametrize("case", AS_THEY_SHOULD_BE)
def test_a_deployment_keeps_its_fingerprint_when_its_machine_runs_what_is_asked_for(case: str) -> None:
    runs, expected = AS_THEY_SHOULD_BE[case]
    assert deployed(records(*runs), {"oak": OAK}, RENDERED) == expected


def test_a_deployment_on_a_machine_that_nix_did_not_evaluate_keeps_nothing() -> None:
    assert deployed(records(("flowers-apply", "applied", OAK.output)), {}, RENDERED) == {}
