"""The fleet of a stack as its files are now, checked in full."""

from pathlib import Path

from fediversity.fleet.files import FLEET_JSON
from fediversity.fleet.fleet_json import require_current
from fediversity.fleet.load import load_fleet
from fediversity.fleet.model import Fleet
from fediversity.planning.image_check import require_image_port
from fediversity.planning.rename_check import require_vars_moved
from fediversity.project.settings import Settings, require_plain_path


def load_current_fleet(settings: Settings) -> Fleet:
    """The fleet of a stack, of which Nix has the current hand-off. To be called in the project's folder.

    Raises FleetError or SettingsError with everything that is wrong.
    """
    require_plain_path(Path.cwd())
    fleet = load_fleet(Path(settings.fleet_file))
    require_image_port(fleet, settings)
    require_vars_moved(fleet, settings)
    require_current(fleet, Path(settings.flake) / FLEET_JSON)
    return fleet
