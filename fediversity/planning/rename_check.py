"""Machines that were renamed in the fleet file: what clan keeps under their names must have moved along."""

from pathlib import Path

from fediversity.fleet.diagnostics import FleetError, Problem
from fediversity.fleet.model import Fleet
from fediversity.planning.known_servers import former_names
from fediversity.project.settings import Settings

_OF_A_MACHINE = Path("vars", "per-machine")


def require_vars_moved(fleet: Fleet, settings: Settings) -> None:
    """Makes sure that a renamed machine keeps its vars: clan would make new ones, another host key and age key.

    To be called in the project's folder. Raises FleetError with every machine whose vars have their former name.
    """
    flake = Path(settings.site.state_dir, "cloud", "flake") if settings.simulated else Path(settings.flake)
    move = "mv" if settings.simulated else "git mv"
    problems = [
        Problem(
            settings.fleet_file,
            0,
            f"machines.{new}.formerly",
            f"the vars are still those of '{old}', so clan would make new ones: another host key, other secrets",
            f"in {flake}: `{move} {_OF_A_MACHINE / old} {_OF_A_MACHINE / new}`, and what else is named after it "
            "(docs/operating.md, Renaming)",
        )
        for old, new in former_names(fleet).items()
        if (folder := flake / _OF_A_MACHINE) and (folder / old).is_dir() and not (folder / new).exists()
    ]
    if problems:
        raise FleetError(problems)
