"""What the commands that start Pulumi have in common: their arguments, and the one call into `rollout`."""

import argparse
from collections.abc import Sequence

from fediversity.cli.stack_argument import add_stack

FORWARDED = "Options that are not listed here go to Pulumi as they are."


def add_forwarding_stack(parser: argparse.ArgumentParser) -> None:
    """Adds the stack of a command that hands unknown options to Pulumi, and tells people so."""
    add_stack(parser)
    parser.usage = f"{parser.prog} [stack] [options] [options of Pulumi]"
    parser.description = f"{parser.description} {FORWARDED}"


def run_rollout(operation: str, stack: str, options: Sequence[str] = ()) -> int:
    """Carries one operation out on a stack and returns its exit code."""
    from fediversity.rollout.__main__ import main  # noqa: PLC0415 (`--help` and completion need none of it)

    return main([operation, stack, *options])
