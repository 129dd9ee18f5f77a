"""`fediversity refresh`: compares the recorded state with what exists."""

import argparse

from fediversity.cli.rollout_arguments import add_forwarding_stack, run_rollout

EXAMPLES = ("fediversity refresh dev",)


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    add_forwarding_stack(parser)


def run(arguments: argparse.Namespace) -> int:
    """Corrects the recorded state and returns Pulumi's exit code."""
    return run_rollout("refresh", arguments.stack, arguments.pulumi_options)
