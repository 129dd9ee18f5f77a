"""Breaking a rendered fleet in one way or another, and reading what the flake says of it."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.nix.evaluation import FLAKE, copy_of_the_flake

FLEET: dict[str, Any] = json.loads((FLAKE / "fleet.json").read_text())
RENDER_AGAIN = "render the file again: `./just render`"

Breaking = Callable[[Any], None]


def put(value: Any, *path: str) -> Breaking:
    """Sets the value at a path of the fleet."""

    def breaking(fleet: Any) -> None:
        for key in path[:-1]:
            fleet = fleet[key]
        fleet[path[-1]] = value

    return breaking


def without(*path: str) -> Breaking:
    """Removes what is at a path of the fleet."""

    def breaking(fleet: Any) -> None:
        for key in path[:-1]:
            fleet = fleet[key]
        del fleet[path[-1]]

    return breaking


def another_machine(name: str, like: str = "orb-nixos") -> Breaking:
    """Adds a machine like another one."""

    def breaking(fleet: Any) -> None:
        fleet["machines"][name] = copy.deepcopy(fleet["machines"][like])

    return breaking


def deployment(name: str, machine: str = "cinnabar", application: str = "mastodon", **more: Any) -> Breaking:
    """Adds a deployment beside the one that the fleet has."""
    return put({"application": application, "machine": machine, **more}, "deployments", name)


def role(instance: str, name: str, key: str, value: Any) -> Breaking:
    """Gives a role of an instance other members or settings."""
    return put(value, "instances", instance, "roles", name, key)


Cases = dict[str, tuple[list[Breaking], list[str]]]
"""By name: in which ways a fleet is broken, and every finding that must be reported."""


def broken(folder: Path, *breakings: Breaking) -> Path:
    """A copy of the flake whose fleet is broken in these ways."""
    fleet = copy.deepcopy(FLEET)
    for breaking in breakings:
        breaking(fleet)
    flake = copy_of_the_flake(folder)
    (flake / "fleet.json").write_text(json.dumps(fleet))
    return flake


def findings(error: str) -> list[str]:
    """The findings in what Nix printed, which must be one message."""
    _, begin, rest = error.partition("nix/fleet.json cannot be used:")
    message, end, _ = rest.partition("It is written by `fediversity render`")
    assert begin, error
    assert end, error
    return [line.strip().removeprefix("- ") for line in message.strip().splitlines()]
