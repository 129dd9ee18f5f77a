"""`fediversity lift`: lifts protection, for a `pulumi up` without ./just."""

import argparse

from fediversity.cli.rollout_arguments import add_forwarding_stack, run_rollout

EXAMPLES = ("fediversity lift production",)


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    add_forwarding_stack(parser)


def run(arguments: argparse.Namespace) -> int:
    """Lifts the protection that the fleet file allows to be lifted. Returns 1 if that is refused."""
    return run_rollout("lift", arguments.stack, arguments.pulumi_options)
