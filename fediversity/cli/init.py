"""`fediversity init`: makes the dev stack."""

import argparse

from fediversity.cli.rollout_arguments import run_rollout
from fediversity.cli.stack_argument import add_stack

EXAMPLES = ("fediversity init dev",)


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    add_stack(parser)


def run(arguments: argparse.Namespace) -> int:
    """Makes the stack. Returns 1 for a stack of real machines, which a person makes (docs/state.md)."""
    return run_rollout("init", arguments.stack)
