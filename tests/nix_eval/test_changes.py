"""What a person reads about the changes of machines."""

from dataclasses import replace
from pathlib import Path

import pytest

from fediversity.nix_eval.difference import closure_lines
from fediversity.planning.changes import Change, change_lines, shortened
from tests.nix_eval.garden import Garden


def test_each_state_reads_as_a_line_and_a_difference_below_it(garden: Garden) -> None:
    planned = garden.planned()
    with_nix = replace(planned, systems=replace(planned.systems, without_nix=None))
    found = (
        Change("oak", "changed", None, ("htop: 3.2 → 3.3", "etc: has changed")),
        Change("elm", "unknown", "cannot be evaluated: Failed assertions:\n- one"),
        Change("marigold", "unchanged"),
    )

    assert change_lines(with_nix, found) == [
        "What changes on each machine:",
        "  oak       changed",
        "              htop: 3.2 → 3.3",
        "              etc: has changed",
        "  elm       unknown: cannot be evaluated: Failed assertions:",
        "              - one",
        "  marigold  unchanged",
    ]


@pytest.mark.parametrize(
    ("count", "shown", "last"), [(0, 0, None), (12, 12, "11"), (13, 13, "12"), (14, 13, "… and 2 more")]
)
def test_a_long_difference_is_cut_and_the_rest_counted(count: int, shown: int, last: str | None) -> None:
    lines = shortened([str(number) for number in range(count)])
    assert len(lines) == shown
    assert (lines[-1] if lines else None) == last


def test_closures_are_told_apart_without_colours() -> None:
    printed = "htop: 3.2 → 3.3\nbig: ∅ → 1.0, \x1b[31;1m+293.2 KiB\x1b[0m\n\n"
    assert closure_lines(printed) == ("htop: 3.2 → 3.3", "big: ∅ → 1.0, +293.2 KiB")


def test_what_is_remembered_is_below_the_folder_that_git_ignores() -> None:
    ignored = (Path(__file__).parents[2] / ".gitignore").read_text().split()
    assert ".fediversity/" in ignored or "/.fediversity/" in ignored or ".fediversity" in ignored


def test_a_machine_that_gets_another_server_is_new_though_its_configuration_is_the_same(garden: Garden) -> None:
    garden.roll_out("oak", None)
    assert garden.changes()["oak"] == Change("oak", "unchanged")
    assert garden.changes(coming={"oak"})["oak"] == Change("oak", "new", "it gets another server")
