"""`fediversity render`: writes `nix/fleet.json`, the hand-off to Nix."""

import argparse

from fediversity.cli import generated_files
from fediversity.cli.fleet_argument import add_fleet_arguments, read_fleet_argument
from fediversity.fleet.files import FLEET_JSON
from fediversity.fleet.flake_copies import write_copies
from fediversity.fleet.fleet_json import render_text

EXAMPLES = (
    "fediversity render dev",
    "fediversity render --fleet stacks/new.yaml --check",
)


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    add_fleet_arguments(parser)
    parser.add_argument("--check", action="store_true", help="do not write it; fail if the file is stale")


def run(arguments: argparse.Namespace) -> int:
    """Writes the file, or with `--check` checks that it is current. Raises SettingsError or FleetError.

    Both write the flake's copies (`fleet.flake_copies`), so that Nix can read it.
    """
    chosen = read_fleet_argument(arguments)
    write_copies(chosen.flake)
    file, text = chosen.flake / FLEET_JSON, render_text(chosen.fleet)
    if not arguments.check:
        return generated_files.write(file, text)
    return generated_files.check(file, text, f"fediversity render {chosen.again}")
