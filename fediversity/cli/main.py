"""The entry point of the `fediversity` command: finds the sub-command, and turns what went wrong into words."""

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence

from fediversity.support import debug
from fediversity.support.entry import run_command

COMMANDS: Mapping[str, str] = {
    "cost": "say what a fleet costs a month, and how that differs from what is deployed",
    "local": "make machines of a simulated stack fail, and heal them",
    "logs": "print the newest log of a machine's steps, or list them",
    "plan": "print the steps of a rollout and their order",
    "policy": "judge stacks by the rules that none may break",
    "probe": "look at every machine, and record whether it is well and runs what was applied",
    "render": "write nix/fleet.json, the hand-off to Nix",
    "rollback": "make a machine run the system that it ran before its last update",
    "schema": "write the JSON Schemas of fleet files and of deployment requests",
    "state": "prepare an encrypted backend for a stack's state",
    "status": "say how every machine stands, by what is recorded",
    "validate": "check a fleet file, and say everything that is wrong with it",
}
"""What each command is for. Its module in this folder has its name and a `register` and a `run` function.

Only the module of the command that was asked for is imported: each knows what it needs and costs no other its time.
"""

DEBUG = "--debug"

RENAMED: Mapping[str, str] = {"check": "probe", "lint": "validate"}
"""Earlier names of commands. They still work and name the new one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code: 1 for whatever a person has to correct, 2 for bad usage."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == [DEBUG]:
        given = given[1:]
        debug.turn_on()
    return run_command(lambda: _run(given))


def _run(given: Sequence[str]) -> int:
    if given[:1] and given[0] in RENAMED:
        print(f"fediversity: `{given[0]}` is called `{RENAMED[given[0]]}` now", file=sys.stderr)
        given = [RENAMED[given[0]], *given[1:]]
    parser = argparse.ArgumentParser(
        prog="fediversity", description="Look at a fleet: what a rollout would do, and how its machines stand."
    )
    parser.add_argument(DEBUG, action="store_true", help=f"show tracebacks and every command run ({debug.VARIABLE}=1)")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, purpose in COMMANDS.items():
        command = commands.add_parser(name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
        if given[:1] == [name]:
            module = importlib.import_module(f"fediversity.cli.{name}")
            module.register(command)
            command.set_defaults(run=module.run)
    parsed = parser.parse_args(given)
    exit_code: int = parsed.run(parsed)
    sys.stdout.flush()
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
