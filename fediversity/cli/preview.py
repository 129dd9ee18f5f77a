"""`fediversity preview`: shows what `up` would do."""

import argparse

from fediversity.cli.rollout_arguments import add_forwarding_stack, run_rollout

EXAMPLES = (
    "fediversity preview staging --diff",
    "fediversity preview production --plugins local",
)


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    add_forwarding_stack(parser)
    parser.add_argument(
        "--plugins",
        choices=("local", "official"),
        help="`local` shows a real stack by simulated plug-ins, without credentials or a network",
    )


def run(arguments: argparse.Namespace) -> int:
    """Shows the changes and returns Pulumi's exit code, or 1 if the rollout would be refused."""
    plugins = ["--plugins", arguments.plugins] if arguments.plugins is not None else []
    return run_rollout("preview", arguments.stack, [*plugins, *arguments.pulumi_options])
