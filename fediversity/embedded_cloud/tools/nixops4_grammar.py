"""Parses the grammar of `nixops4` (53d8554): `apply [PATH…]`, `members list [PATH]`, `state dump PATH`, and its
options.

There is no `--flake`, `--deployment` or `--dry-run`: the flake is the current directory.
"""

from argparse import SUPPRESS, ArgumentParser, Namespace

_HIDDEN = ("generate-man", "generate-markdown")


def parse(words: list[str]) -> Namespace:
    """Parses a command line. Exits with 2 where clap refuses it.

    Global options are allowed before or after the command, as with clap's `global = true`.
    """
    about = "NixOps: manage resources declaratively (simulated)"
    parser = ArgumentParser(prog="nixops4", description=about, allow_abbrev=False)
    _add_globals(parser, first=True)
    parser.add_argument("-V", "--version", action="version", version="nixops4 0.1.0 (simulated)")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=ArgumentParser)
    apply = commands.add_parser("apply", allow_abbrev=False)
    apply.add_argument("paths", nargs="*", metavar="PATHS")
    members = _one_action(commands.add_parser("members", allow_abbrev=False), "list")
    members.add_argument("path", nargs="?", default="", metavar="PATH")
    state = _one_action(commands.add_parser("state", allow_abbrev=False), "dump")
    state.add_argument("path", metavar="PATH")
    for command in (apply, members, state, *(commands.add_parser(name, allow_abbrev=False) for name in _HIDDEN)):
        _add_globals(command, first=False)
    args = parser.parse_args(words)
    if args.interactive and args.no_interactive:
        parser.error("the argument '--interactive' cannot be used with '--no-interactive'")
    if args.file is not None and args.override_input:
        parser.error("the argument '--file <PATH>' cannot be used with '--override-input'")
    return args


def _one_action(command: ArgumentParser, name: str) -> ArgumentParser:
    _add_globals(command, first=False)
    return command.add_subparsers(dest="action", required=True).add_parser(name, allow_abbrev=False)


def _add_globals(parser: ArgumentParser, first: bool) -> None:
    """Adds the options of every command. Only the outermost parser has defaults: in argparse an inner one's win."""

    def default(value: object) -> object:
        return value if first else SUPPRESS

    for switch in (("-v", "--verbose"), ("--interactive",), ("--no-interactive",), ("--show-trace",)):
        parser.add_argument(*switch, action="store_true", default=default(False))
    parser.add_argument("--color", choices=("auto", "always", "never"), default=default("auto"))
    parser.add_argument("--file", metavar="PATH", default=default(None))
    inputs = ("INPUT_ATTR_PATH", "FLAKE_REF")
    parser.add_argument("--override-input", nargs=2, action="append", metavar=inputs, default=default([]))
