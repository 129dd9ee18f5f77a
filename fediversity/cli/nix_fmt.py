"""`fediversity nix-fmt`: formats every Nix file of the checkout."""

import argparse

EXAMPLES = ("fediversity nix-fmt",)


def register(_parser: argparse.ArgumentParser) -> None:
    """Adds no arguments."""


def run(_arguments: argparse.Namespace) -> int:
    """Formats the files. Returns 1 if one cannot be formatted."""
    from fediversity.bootstrap.__main__ import main  # noqa: PLC0415 (`--help` needs none of it)

    return main(["nix-fmt"])
