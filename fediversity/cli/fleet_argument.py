"""The arguments that choose a fleet: a stack, or a fleet file by its path."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from fediversity.cli.stack_argument import DEFAULT_STACK
from fediversity.fleet.load import load_fleet
from fediversity.fleet.model import Fleet
from fediversity.planning.stacks import open_stack


@dataclass(frozen=True)
class FleetArgument:
    """A fleet, its file, the folder of its flake, and the arguments that choose it again."""

    fleet: Fleet
    file: Path
    flake: Path
    again: str


def add_fleet_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments that choose a fleet."""
    which = parser.add_mutually_exclusive_group()
    # No default here: argparse takes a value that equals the default for a missing one.
    which.add_argument("stack", nargs="?", help=f"the stack (default: {DEFAULT_STACK})")
    which.add_argument("--fleet", type=Path, metavar="FILE", help="a fleet file that belongs to no stack yet")


def read_fleet_argument(arguments: argparse.Namespace) -> FleetArgument:
    """Returns the chosen fleet. Raises SettingsError or FleetError."""
    if arguments.fleet is not None:
        return FleetArgument(load_fleet(arguments.fleet), arguments.fleet, Path("nix"), f"--fleet {arguments.fleet}")
    stack = arguments.stack or DEFAULT_STACK
    project, fleet = open_stack(stack)
    settings = project.settings
    return FleetArgument(fleet, Path(settings.fleet_file), Path(settings.flake), stack)
