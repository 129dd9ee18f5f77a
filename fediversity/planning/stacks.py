"""From the name of a stack to its project and its fleet, without Pulumi, at the top of the checkout."""

from pathlib import Path
from typing import TYPE_CHECKING

from fediversity.fleet.load import load_fleet
from fediversity.fleet.model import Fleet
from fediversity.planning.image_check import require_image_port
from fediversity.planning.known_servers import former_names
from fediversity.project.project import Project

if TYPE_CHECKING:
    from fediversity.ledger.sqlite import Ledger


def open_project(stack: str) -> Project:
    """The project of the current folder, where a person starts `fediversity`. Raises SettingsError (see `Project`)."""
    return Project.open(Path.cwd(), stack)


def open_stack(stack: str, root: Path | None = None) -> tuple[Project, Fleet]:
    """Returns the project and the fleet of a stack. `root` is the top of the checkout, if not the current folder.

    Raises SettingsError if there is no such stack or its settings are wrong, FleetError if its fleet file is, or does
    not go with the settings.
    """
    project = open_project(stack) if root is None else Project.open(root, stack)
    fleet = load_fleet(project.fleet_file, project.settings.fleet_file)
    require_image_port(fleet, project.settings)
    return project, fleet


def ledger_of(project: Project, fleet: Fleet | None = None) -> "Ledger":
    """The record of every step of a stack; it need not be there. With a fleet, by its machines' present names."""
    from fediversity.ledger.sqlite import Ledger  # noqa: PLC0415 (commands that look at a fleet file read none)

    return Ledger(project.ledger_file, former_names(fleet) if fleet else None)
