"""`fediversity validate`: checks a fleet file."""

import argparse
from collections.abc import Sized

from fediversity.cli.fleet_argument import add_fleet_arguments, read_fleet_argument
from fediversity.cli.stack_argument import DEFAULT_STACK
from fediversity.planning.rename_check import require_vars_moved
from fediversity.planning.stacks import open_project

EXAMPLES = (
    "fediversity validate dev",
    "fediversity validate --fleet stacks/new.yaml",
)


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    add_fleet_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Checks the fleet file. Raises FleetError with everything that is wrong with it."""
    chosen = read_fleet_argument(arguments)
    fleet = chosen.fleet
    if arguments.fleet is None:
        require_vars_moved(fleet, open_project(arguments.stack or DEFAULT_STACK))
    disabled = len(fleet.machines) - len(fleet.enabled_machines)
    machines = _count(len(fleet.machines), "machine") + (f" ({disabled} switched off)" if disabled else "")
    others: dict[str, Sized] = {
        "service instance": fleet.instances,
        "DNS zone": fleet.dns.zones,
        "bucket": fleet.buckets,
        "deployment": fleet.deployments,
    }
    holds = ", ".join([machines, *(_count(len(entries), name) for name, entries in others.items())])
    print(f"{chosen.file} is in order: {holds}")
    return 0


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
