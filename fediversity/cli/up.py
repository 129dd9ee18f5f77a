"""`fediversity up`: rolls a stack out."""

import argparse
from pathlib import Path

from fediversity.cli.rollout_arguments import add_forwarding_stack, run_rollout

EXAMPLES = (
    "fediversity up dev",
    "fediversity up production --yes --events rollout.jsonl",
)


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    add_forwarding_stack(parser)
    parser.add_argument("--plain", action="store_true", help="print one line an event on a terminal, too")
    parser.add_argument("--verbose", action="store_true", help="show Pulumi's own output as it comes")
    parser.add_argument("--events", type=Path, metavar="FILE", help="write each event as a line of JSON")


def run(arguments: argparse.Namespace) -> int:
    """Rolls the stack out and returns Pulumi's exit code, or 1 if the rollout is refused."""
    shown = [
        *(["--plain"] if arguments.plain else []),
        *(["--verbose"] if arguments.verbose else []),
        *(["--events", str(arguments.events)] if arguments.events is not None else []),
    ]
    return run_rollout("up", arguments.stack, [*shown, *arguments.pulumi_options])
