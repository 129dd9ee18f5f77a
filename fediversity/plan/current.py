"""The plan of a stack as its files are now: loaded, checked in full, and put in order."""

from pathlib import Path

from fediversity.fleet.files import FLEET_JSON
from fediversity.fleet.handoff import render, require_current
from fediversity.fleet.load import load_fleet
from fediversity.fleet.model import Fleet
from fediversity.plan.build import make_plan
from fediversity.plan.fingerprint import fingerprints
from fediversity.plan.images import require_image_port
from fediversity.plan.settings import Settings, require_plain_path
from fediversity.plan.steps import Plan


def current_plan(settings: Settings) -> tuple[Fleet, Plan]:
    """The fleet of a stack and its plan. To be called in the project's folder.

    Raises FleetError or SettingsError with everything that is wrong.
    """
    require_plain_path(Path.cwd())
    fleet = load_fleet(Path(settings.fleet_file))
    require_image_port(fleet, settings)
    flake = Path(settings.flake)
    require_current(fleet, flake / FLEET_JSON)
    return fleet, make_plan(fleet, fingerprints(flake, render(fleet)), settings.site)
