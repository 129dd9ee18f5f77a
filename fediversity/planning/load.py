"""The files that a stack's plan is made from, read once and checked in full."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fediversity.fleet.files import FLEET_JSON
from fediversity.fleet.flake_copies import write_copies
from fediversity.fleet.fleet_json import render, require_current
from fediversity.fleet.load import load_fleet
from fediversity.fleet.model import Fleet
from fediversity.planning.fingerprint import FlakeSources
from fediversity.planning.image_check import require_image_port
from fediversity.planning.rename_check import require_vars_moved
from fediversity.project.project import Project
from fediversity.project.settings import require_plain_path


@dataclass(frozen=True)
class Sources:
    """A stack's fleet, its hand-off to Nix as plain data (`rendered`), and the files of its flake.

    A plan that is made again in one process, because more is known by then, is made from the same ones: what a person
    edits meanwhile is for the next rollout.
    """

    project: Project
    fleet: Fleet
    rendered: Mapping[str, Any]
    flake: FlakeSources

    @classmethod
    def read(cls, project: Project) -> "Sources":
        """Reads all. Raises FleetError or SettingsError with everything that is wrong.

        The hand-off that Nix has must be that of the fleet as it is now.
        """
        require_plain_path(project.root)
        fleet = load_fleet(project.fleet_file, project.settings.fleet_file)
        require_image_port(fleet, project.settings)
        require_vars_moved(fleet, project)
        rendered, hand_off = render(fleet), project.flake / FLEET_JSON
        require_current(rendered, hand_off, project.relative(hand_off))
        write_copies(project.flake)
        return cls(project, fleet, rendered, FlakeSources.read(project.flake))
