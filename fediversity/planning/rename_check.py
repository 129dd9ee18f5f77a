"""Machines that were renamed in the fleet file: what clan keeps under their names must have moved along."""

from pathlib import Path

from fediversity.fleet.diagnostics import FleetError, Problem
from fediversity.fleet.model import Fleet
from fediversity.planning.known_servers import former_names
from fediversity.project.project import Project

_OF_A_MACHINE = Path("vars", "per-machine")


def require_vars_moved(fleet: Fleet, project: Project) -> None:
    """Makes sure that a renamed machine keeps its vars: clan would make new ones, another host key and age key.

    Raises FleetError with every machine that has its vars under its former name.
    """
    simulated = project.settings.simulated
    flake = project.folder / "cloud" / "flake" if simulated else project.flake
    move = "mv" if simulated else "git mv"
    problems = [
        Problem(
            project.settings.fleet_file,
            0,
            f"machines.{new}.formerly",
            f"the vars are still those of '{old}', so clan would make new ones: another host key, other secrets",
            f"in {project.relative(flake)}: `{move} {_OF_A_MACHINE / old} {_OF_A_MACHINE / new}`, "
            "and what else is named after it (docs/operating.md, Renaming)",
        )
        for old, new in former_names(fleet).items()
        if (folder := flake / _OF_A_MACHINE) and (folder / old).is_dir() and not (folder / new).exists()
    ]
    if problems:
        raise FleetError(problems)
