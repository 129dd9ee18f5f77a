"""`fediversity destroy`: deletes everything that a stack made."""

import argparse

from fediversity.cli.rollout_arguments import add_forwarding_stack, run_rollout

EXAMPLES = ("fediversity destroy dev",)


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    add_forwarding_stack(parser)


def run(arguments: argparse.Namespace) -> int:
    """Deletes the stack's resources and returns Pulumi's exit code."""
    return run_rollout("destroy", arguments.stack, arguments.pulumi_options)
