"""`fediversity names`: prints the names of a fleet's machines."""

import argparse

EXAMPLES = (
    "fediversity names",
    "fediversity names production",
)


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    parser.add_argument("stack", nargs="?", default="dev", help="the stack (default: dev)")


def run(arguments: argparse.Namespace) -> int:
    """Prints the names, one a line. Raises FleetError or SettingsError if there is no such fleet."""
    from fediversity.planning.stacks import open_stack  # noqa: PLC0415 (`--help` needs none of it)

    _, fleet = open_stack(arguments.stack)
    print("\n".join(fleet.machines))
    return 0
