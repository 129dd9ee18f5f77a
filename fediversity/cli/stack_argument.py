"""The argument that names a stack, as a positional or as an option."""

import argparse

DEFAULT_STACK = "dev"

_HELP = f"the stack (default: {DEFAULT_STACK})"


def add_stack(parser: argparse.ArgumentParser) -> None:
    """Adds the stack as a positional argument."""
    parser.add_argument("stack", nargs="?", default=DEFAULT_STACK, help=_HELP)


def add_stack_option(parser: argparse.ArgumentParser) -> None:
    """Adds `--stack`, for commands whose positional argument is a machine."""
    parser.add_argument("--stack", default=DEFAULT_STACK, metavar="STACK", help=_HELP)
