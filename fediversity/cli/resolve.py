"""`fediversity resolve`: a person's answers about creations that were cut short."""

import argparse

from fediversity.cli.rollout_arguments import run_rollout

EXAMPLES = (
    "fediversity resolve production 'urn:pulumi:production::fediversity::hcloud:index/server:Server::oak-server=123'",
    "fediversity resolve production 'urn:pulumi:production::fediversity::hcloud:index/server:Server::oak-server='",
)


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    parser.add_argument("stack", help="the stack")
    parser.add_argument(
        "answers",
        nargs="*",
        metavar="URN=ID",
        help="the provider's id of what exists; nothing after `=` if it does not",
    )


def run(arguments: argparse.Namespace) -> int:
    """Puts the answers into the state. Returns 1 while a creation has no answer."""
    return run_rollout("resolve", arguments.stack, arguments.answers)
