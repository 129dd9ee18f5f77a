"""`fediversity engine`: prints which Pulumi is in use."""

import argparse

EXAMPLES = ("fediversity engine",)


def register(_parser: argparse.ArgumentParser) -> None:
    """Adds no arguments."""


def run(_arguments: argparse.Namespace) -> int:
    """Prints Pulumi's version and path, the cache, and the simulated plug-ins."""
    from fediversity.bootstrap.__main__ import main  # noqa: PLC0415 (`--help` needs none of it)

    return main(["status"])
