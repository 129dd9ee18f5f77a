"""The entry point of the `fediversity` command: finds the sub-command, runs it, and reports errors."""

import sys
from collections.abc import Sequence
from typing import NoReturn

from fediversity.cli.commands import COMMANDS, RENAMED
from fediversity.cli.parsers import DEBUG, command_module, parse, program_parser, refuse_unknown
from fediversity.support import debug
from fediversity.support.entry import run_command, run_process


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code: 1 for what a person has to correct, 2 for bad usage."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == [DEBUG]:
        given = given[1:]
        debug.turn_on()
    return run_command(lambda: _run(given))


def _run(given: Sequence[str]) -> int:
    if not given or given[0].startswith("-"):
        program_parser().parse_args(given)
        refuse_unknown(None)
    name, words = given[0], given[1:]
    if name in RENAMED:
        print(f"fediversity: `{name}` is called `{RENAMED[name]}` now", file=sys.stderr)
        name = RENAMED[name]
    if name not in COMMANDS:
        refuse_unknown(name)
    if name == "validate" and words[:1] == ["--"]:
        # An earlier `validate` took options for Nix there and assessed phase 0.
        print(f"fediversity: phase 0 is assessed by ./just assess {' '.join(words)}", file=sys.stderr)
        return 2
    parsed = parse(name, words)
    exit_code: int = command_module(name).run(parsed)
    sys.stdout.flush()
    return exit_code


def entry() -> NoReturn:
    """The `fediversity` program: runs one command as the whole of a process."""
    run_process(main)


if __name__ == "__main__":
    entry()
