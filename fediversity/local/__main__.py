"""`python -m fediversity.local power-on STACK`, in the folder of the project."""

import argparse
import sys
from pathlib import Path

from fediversity.local.folders import StackFolder
from fediversity.local.machines.spec import DatacenterError
from fediversity.local.power import power_on


def main() -> None:
    """Switches the simulated machines of a stack on. Exit code 1 when one does not start."""
    parser = argparse.ArgumentParser(prog="python -m fediversity.local", description="The embedded cloud (simulated).")
    commands = parser.add_subparsers(dest="command", required=True)
    power = commands.add_parser("power-on", help="start simulated machines that are off, as after a reboot")
    power.add_argument("stack")
    arguments = parser.parse_args()
    try:
        names = power_on(StackFolder.of(Path.cwd(), arguments.stack))
    except (DatacenterError, ValueError) as error:
        sys.exit(f"fediversity.local: {error}")
    if names:
        print(f"simulated machines on: {', '.join(names)}")


if __name__ == "__main__":
    main()
