"""Switching on what the fleet file has switched off."""

import copy
from typing import Any

import yaml

from fediversity.fleet.fleet_json import render_text
from fediversity.fleet.load import parse_fleet
from tests.nix.evaluation import ROOT

STACK = ROOT / "stacks/dev.yaml"
LIKE = "orb-nixos"
"""What a server is like that has a module and is not in the fleet file yet."""


def rendered_with(servers: list[str]) -> str:
    """What `fediversity render` writes when each of these servers is part of the fleet."""
    data: dict[str, Any] = yaml.safe_load(STACK.read_text())
    for name in servers:
        entry = data["machines"].setdefault(name, copy.deepcopy(data["machines"][LIKE]))
        entry["enabled"] = True
    return render_text(parse_fleet(yaml.safe_dump(data), str(STACK)))
