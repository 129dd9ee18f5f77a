"""Implements `python -m fediversity.embedded_cloud power-on|fault|faults|heal STACK …`; run in the project folder."""

import argparse
import sys
from pathlib import Path

from fediversity.embedded_cloud.faults import command as faults
from fediversity.embedded_cloud.folders import StackFolder
from fediversity.embedded_cloud.power import power_on
from fediversity.support.entry import run_command
from fediversity.support.errors import UsageError


def main() -> None:
    """Switches the simulated machines of a stack on, or manages their faults. Exits with code 1 on failure."""
    parser = argparse.ArgumentParser(
        prog="python -m fediversity.embedded_cloud", description="The embedded cloud (simulated)."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    power = commands.add_parser("power-on", help="start simulated machines that are off, as after a reboot")
    power.add_argument("stack")
    faults.register(commands)
    arguments = parser.parse_args()
    sys.exit(run_command(lambda: _run(arguments), prefix="fediversity.embedded_cloud: ", subject="the embedded cloud"))


def _run(arguments: argparse.Namespace) -> int:
    try:
        folder = StackFolder.of(Path.cwd(), arguments.stack)
        if arguments.command == "power-on":
            if names := power_on(folder):
                print(f"simulated machines on: {', '.join(names)}")
        else:
            faults.run(arguments, folder)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return 0


if __name__ == "__main__":
    main()
