"""Builds the parser of a command from its module: description, arguments and examples."""

import argparse
import importlib
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from fediversity.cli.commands import COMMANDS, FORWARDS_OPTIONS, GROUPS, TAKES_ALL_WORDS
from fediversity.support import debug

PROGRAM = "fediversity"

DEBUG = "--debug"
"""Stands before a command: shows tracebacks and every command that is run."""


def command_module(name: str) -> ModuleType:
    """Imports the module of a command."""
    return importlib.import_module(f"fediversity.cli.{name.replace('-', '_')}")


def command_parser(name: str) -> argparse.ArgumentParser:
    """Returns the parser of one command."""
    module = command_module(name)
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} {name}",
        description=f"{COMMANDS[name][0].upper()}{COMMANDS[name][1:]}.",
        epilog=_examples(module.EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        # An abbreviation of an option could be an option of Pulumi's.
        allow_abbrev=name not in FORWARDS_OPTIONS,
    )
    module.register(parser)
    for action in parser._actions:  # argparse has no public way to reach the parsers of verbs
        if isinstance(action, argparse._SubParsersAction):
            for verb, below in action.choices.items():
                below.epilog = _examples([line for line in module.EXAMPLES if line.split()[2] == verb])
                below.formatter_class = argparse.RawDescriptionHelpFormatter
    return parser


def parse(name: str, words: Sequence[str]) -> argparse.Namespace:
    """Parses the words after a command's name. Ends the process with 2 for bad usage, with 0 for `--help`."""
    parser = command_parser(name)
    if name in TAKES_ALL_WORDS:
        if list(words) in (["--help"], ["-h"]):
            parser.print_help()
            parser.exit()
        return argparse.Namespace(words=list(words))
    if name in FORWARDS_OPTIONS:
        arguments, unknown = parser.parse_known_args(words)
        arguments.pulumi_options = unknown
        return arguments
    return parser.parse_args(words)


def program_parser() -> argparse.ArgumentParser:
    """Returns the parser of what stands before a command: `--help` lists the commands by group."""
    width = max(len(name) for name in COMMANDS)
    lines: list[str] = []
    for title, commands in GROUPS.items():
        lines += ["", f"{title}:", *(f"  {name:<{width}}  {purpose}" for name, purpose in commands.items())]
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [{DEBUG}] COMMAND [ARGUMENT ...]",
        description="\n".join(["Rolls fleets out, looks at their machines, and checks their files.", *lines]),
        epilog=f"`{PROGRAM} COMMAND --help` explains a command and shows examples.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(DEBUG, action="store_true", help=f"show tracebacks and every command run ({debug.VARIABLE}=1)")
    return parser


def refuse_unknown(name: str | None) -> NoReturn:
    """Ends the process with 2: there is no such command. A similar one is named."""
    parser = program_parser()
    if name is None:
        parser.error("a command is missing")
    import difflib  # noqa: PLC0415 (only for this message)

    similar = difflib.get_close_matches(name, COMMANDS, n=1)
    parser.error(f"there is no command '{name}'" + (f"; did you mean '{similar[0]}'?" if similar else ""))


def _examples(lines: Sequence[str]) -> str:
    return "\n".join(["examples:" if len(lines) > 1 else "example:", *(f"  {line}" for line in lines)])
