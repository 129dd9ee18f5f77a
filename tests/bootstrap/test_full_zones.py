"""A full zone is explained by what the fleet file says of the machine."""

import pytest

from fediversity.fleet.model import Fleet
from fediversity.rollout.capacity_errors import capacity_error_lines
from tests.planning.samples import dev_fleet

FULL = """\
Diagnostics:
  pulumi:pulumi:Stack (fediversity-dev):
    error: update failed

  gcp:compute:Instance (scheelite-server):
    error: The zone 'projects/simulated/zones/us-central1-f' does not have enough resources available to fulfill the
    request. Try a different zone, or try again later. (ZONE_RESOURCE_POOL_EXHAUSTED, simulated)

Resources:
"""


def with_provider(**changes: object) -> Fleet:
    """The dev fleet with something else said of scheelite's provider."""
    fleet = dev_fleet()
    machine = fleet.machines["scheelite"]
    provider = machine.provider.model_copy(update=changes)
    return fleet.model_copy(
        update={"machines": fleet.machines | {"scheelite": machine.model_copy(update={"provider": provider})}}
    )


def test_the_zones_that_the_fleet_file_names_are_told_with_what_to_write() -> None:
    assert capacity_error_lines(FULL, dev_fleet(), "stacks/dev.yaml") == [
        "scheelite: the zone us-central1-f has no n1-standard-8 left at the moment.",
        "    fix: try again later, or write `zone: us-central1-a` under machines.scheelite.provider in stacks/dev.yaml",
        "    other zones that the file names: us-central1-a, us-central1-b",
    ]


def test_without_such_a_list_the_region_s_zones_are_told() -> None:
    lines = capacity_error_lines(FULL, with_provider(fallback_zones=()), "stacks/dev.yaml")
    assert lines[-1] == "    other zones: us-central1-a, us-central1-b, us-central1-c"


def test_a_machine_with_disks_is_not_sent_away_from_them() -> None:
    lines = capacity_error_lines(FULL, with_provider(fallback_zones=(), disks={"models": object()}), "stacks/dev.yaml")
    assert lines[-1] == "    fix: try again later: its disks (models) cannot go to another zone"


@pytest.mark.parametrize(
    "output",
    [
        FULL.replace("ZONE_RESOURCE_POOL_EXHAUSTED", "alreadyExists"),
        FULL.replace("scheelite-server", "scheelite-address"),
        FULL.replace("scheelite-server", "cinnabar-server"),
        "",
    ],
)
def test_what_is_no_full_zone_is_not_explained(output: str) -> None:
    assert capacity_error_lines(output, dev_fleet(), "stacks/dev.yaml") == []
