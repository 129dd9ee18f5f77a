"""A full zone is explained by what the fleet file says of the machine."""

from pathlib import Path

import pytest

from fediversity.fleet.model import Fleet
from fediversity.rollout.capacity_errors import capacity_error_lines
from fediversity.rollout.event_log import PulumiEvent, parse_events
from tests.planning.samples import dev_fleet

EVENTS = Path(__file__).parents[1] / "data" / "pulumi-3.259.0" / "failed.jsonl"


def errors(server: str = "scheelite-server", reason: str = "ZONE_RESOURCE_POOL_EXHAUSTED") -> tuple[PulumiEvent, ...]:
    """The events of a run in which a zone had no room for the server elm, under another name or for another reason."""
    text = EVENTS.read_text().replace("elm-server", server).replace("ZONE_RESOURCE_POOL_EXHAUSTED", reason)
    return parse_events(text.splitlines())


def with_provider(**changes: object) -> Fleet:
    """The dev fleet with something else said of scheelite's provider."""
    fleet = dev_fleet()
    machine = fleet.machines["scheelite"]
    provider = machine.provider.model_copy(update=changes)
    return fleet.model_copy(
        update={"machines": fleet.machines | {"scheelite": machine.model_copy(update={"provider": provider})}}
    )


def test_the_zones_that_the_fleet_file_names_are_told_with_what_to_write() -> None:
    assert capacity_error_lines(errors(), dev_fleet(), "stacks/dev.yaml") == [
        "scheelite: the zone us-central1-f has no n1-standard-8 left at the moment.",
        "    fix: try again later, or write `zone: us-central1-a` under machines.scheelite.provider in stacks/dev.yaml",
        "    other zones that the file names: us-central1-a, us-central1-b",
    ]


def test_without_such_a_list_the_region_s_zones_are_told() -> None:
    lines = capacity_error_lines(errors(), with_provider(fallback_zones=()), "stacks/dev.yaml")
    assert lines[-1] == "    other zones: us-central1-a, us-central1-b, us-central1-c"


def test_a_machine_with_disks_is_not_sent_away_from_them() -> None:
    lines = capacity_error_lines(
        errors(), with_provider(fallback_zones=(), disks={"models": object()}), "stacks/dev.yaml"
    )
    assert lines[-1] == "    fix: try again later: its disks (models) cannot go to another zone"


@pytest.mark.parametrize(
    "events",
    [errors(reason="alreadyExists"), errors(server="scheelite-address"), errors(server="cinnabar-server"), ()],
)
def test_what_is_no_full_zone_is_not_explained(events: tuple[PulumiEvent, ...]) -> None:
    assert capacity_error_lines(events, dev_fleet(), "stacks/dev.yaml") == []
