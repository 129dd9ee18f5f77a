"""Tests recorded observations: complete ones count, others are refused with all their problems."""

from pathlib import Path

import pytest

from fediversity.assessment.observed import OBSERVED, TO_OBSERVE, ObservedError, read, rows
from fediversity.assessment.results import Result
from tests.assessment.checkout import ROOT

SEEN = """\
observations:
  - {criterion: mesh, date: 2026-03-01, by: gardener, result: fail, evidence: no answer}
  - {criterion: mesh, date: 2026-03-04, by: gardener, result: pass, evidence: "3 packets of 3"}
  - {criterion: built, date: 2026-03-02, by: gardener, result: fail, evidence: disk full}
"""


def refused(text: str, file: Path) -> str:
    file.write_text(text)
    with pytest.raises(ObservedError) as error:
        read(file)
    return str(error.value)


def test_without_observations_every_criterion_waits_for_a_machine_with_its_command() -> None:
    unseen = rows(read(ROOT / "docs" / "no-such-file.yaml"))
    assert {row.criterion for row in unseen} == set(TO_OBSERVE)
    assert {row.result for row in unseen} == {Result.NOT_CHECKED}
    assert all(row.outcome.again for row in unseen)


def test_the_latest_observation_of_a_criterion_counts_with_its_day_and_who_saw_it(tmp_path: Path) -> None:
    file = tmp_path / "observed.yaml"
    file.write_text(SEEN)
    seen = {row.criterion: row.outcome for row in rows(read(file))}
    assert (seen["mesh"].result, seen["mesh"].evidence) == (Result.PASS, "3 packets of 3 (2026-03-04, gardener)")
    assert seen["built"].result is Result.FAIL
    assert seen["installed"].result is Result.NOT_CHECKED


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = SEEN.replace("mesh, date: 2026-03-01", "mash, date: soon").replace(
        "by: gardener, result: pass", "result: yes"
    )
    said = refused(text.replace("evidence: disk full", "evidence: ' ', mood: bad"), tmp_path / "observed.yaml")
    for what in (
        "observations[0]: unknown criterion 'mash'; known: vars-generated, built",
        "observations[0]: the date 'soon' is not one; write it like 2026-01-31",
        "observations[1]: 'by' is missing",
        "observations[1]: the result 'True' is neither pass nor fail",
        "observations[2]: unknown key 'mood'",
        "observations[2]: 'evidence' must not be empty",
        "fix: write each with criterion, date, by, result, evidence",
    ):
        assert what in said


@pytest.mark.parametrize("text", ["", "[]\n", "observations: none\n", "observations:\n", "a: [\n"])
def test_a_file_without_a_list_is_refused_by_name(text: str, tmp_path: Path) -> None:
    assert refused(text, tmp_path / "observed.yaml").startswith(str(tmp_path / "observed.yaml"))


def test_the_committed_observations_can_be_read() -> None:
    assert (ROOT / OBSERVED).is_file()
    read(ROOT / OBSERVED)
