"""What a preview and a rollout say and keep about cost, where the state is in a folder and where it is not."""

import json
from pathlib import Path
from typing import Any

from fediversity.cost.record import read_record
from fediversity.fleet.load import parse_fleet
from fediversity.project.project import Project
from fediversity.project.settings import parse_settings, with_plugins
from fediversity.rollout.backend import Backend
from fediversity.rollout.cost_summary import cost_line, save_deployed
from tests.cost.test_items import STATE
from tests.fleet.good import GOOD, edited

SETTINGS = parse_settings("production", {"fleet": "stacks/production.yaml"})
FLEET = parse_fleet(GOOD, "fleet.yaml")
BIGGER = parse_fleet(edited("server_type: cx23", "server_type: cx33"), "fleet.yaml")
END = "; see `fediversity cost production`"


def in_a_folder(root: Path, resources: list[dict[str, Any]]) -> Backend:
    """A backend in a folder, with a state."""
    stacks = root / ".pulumi" / "stacks" / "garden"
    stacks.mkdir(parents=True)
    (stacks / "production.json").write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))
    return Backend(root, "garden", root)


def test_a_preview_compares_the_fleet_with_the_state(tmp_path: Path) -> None:
    backend = in_a_folder(tmp_path, STATE)
    assert cost_line(Project(tmp_path, SETTINGS), FLEET, backend).endswith(f"; the same as is deployed{END}")
    line = cost_line(Project(tmp_path, SETTINGS), BIGGER, backend)
    assert line.startswith("the fleet costs 8.99 EUR + 35.16 USD a month (together about ")
    assert line.endswith(f"; +3.00 EUR compared with what is deployed{END}")


def test_a_real_stack_shown_by_simulated_plug_ins_is_compared_with_nothing(tmp_path: Path) -> None:
    shown = with_plugins(SETTINGS, "local")
    assert "deployed" not in cost_line(Project(tmp_path, shown), FLEET, in_a_folder(tmp_path, STATE))
    assert "deployed" not in cost_line(Project(tmp_path / "empty", shown), FLEET, in_a_folder(tmp_path / "empty", []))


def test_where_the_state_cannot_be_seen_the_last_rollout_from_here_is_remembered(tmp_path: Path) -> None:
    backend = Backend(tmp_path, "garden", None)
    assert "deployed" not in cost_line(Project(tmp_path, SETTINGS), FLEET, backend), (
        "nothing is claimed that is not known"
    )
    save_deployed(Project(tmp_path, SETTINGS), {"resources": STATE}, backend)
    assert cost_line(Project(tmp_path, SETTINGS), FLEET, backend).endswith(f"; the same as is deployed{END}")
    save_deployed(Project(tmp_path, SETTINGS), {}, backend)
    record = read_record(tmp_path / ".fediversity" / "production")
    assert record is not None
    assert record.items == (), "after a destroy nothing is deployed"


def test_nothing_is_kept_beside_a_state_that_can_be_read(tmp_path: Path) -> None:
    save_deployed(Project(tmp_path, SETTINGS), {"resources": STATE}, in_a_folder(tmp_path, STATE))
    assert not (tmp_path / ".fediversity").exists()
