"""`fediversity nix-check`: checks every Nix file of the checkout."""

import argparse

EXAMPLES = ("fediversity nix-check",)


def register(_parser: argparse.ArgumentParser) -> None:
    """Adds no arguments."""


def run(_arguments: argparse.Namespace) -> int:
    """Checks the files. Returns 1 if one is not in order."""
    from fediversity.bootstrap.__main__ import main  # noqa: PLC0415 (`--help` needs none of it)

    return main(["nix-check"])
