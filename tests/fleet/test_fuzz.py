"""Whatever becomes of a fleet file, reading it ends in a fleet or in a FleetError: never in a traceback."""

import random
from pathlib import Path

import pytest

from fediversity.fleet.diagnostics import FleetError
from fediversity.fleet.fleet_json import render_text
from fediversity.fleet.load import parse_fleet
from fediversity.fleet.order import machine_waits
from tests.fleet.good import GOOD
from tests.fleet.mutations import mutated

DEV = (Path(__file__).parents[2] / "stacks" / "dev.yaml").read_text()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("text", [DEV, GOOD], ids=["dev", "good"])
def test_a_mutated_fleet_file_is_a_fleet_or_refused_with_places_and_fixes(text: str, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (what is wanted is the same chance each time)
    fleets = 0
    for _ in range(150):
        nasty = mutated(text, chance)
        try:
            fleet = parse_fleet(nasty, "fleet.yaml")
        except FleetError as refused:
            for problem in refused.problems:
                assert problem.what
                assert problem.fix
                assert 1 <= problem.line <= nasty.count("\n") + 1, f"{problem} in:\n{nasty}"
                assert "as the message says" not in problem.fix, f"a message nobody wrote: {problem}"
                assert str(problem).count("\n") == 1
        else:
            fleets += 1
            assert render_text(fleet)
            assert set(machine_waits(fleet)) == set(fleet.enabled_machines)
    assert 0 < fleets < 100, "some mutations must be harmless, and most must not"
