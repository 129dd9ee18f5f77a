"""`fediversity plugins`: makes ready what a `pulumi up -s dev` by hand needs."""

import argparse

from fediversity.cli import engine
from fediversity.cli.rollout_arguments import run_rollout
from fediversity.cli.stack_argument import DEFAULT_STACK

EXAMPLES = ("fediversity plugins",)


def register(_parser: argparse.ArgumentParser) -> None:
    """Adds no arguments."""


def run(arguments: argparse.Namespace) -> int:
    """Makes the dev stack and lists the plug-ins, which `./just` installs. Returns 1 if that fails."""
    return run_rollout("init", DEFAULT_STACK) or engine.run(arguments)
