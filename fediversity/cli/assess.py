"""`fediversity assess`: assesses phase 0 on the minimal clan."""

import argparse

EXAMPLES = (
    "fediversity assess",
    "fediversity assess -- --override-input clan-core path:/path/to/clan-core",
)


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments: what comes after `--` is for Nix."""
    parser.usage = f"{parser.prog} [-- options of Nix]"


def run(arguments: argparse.Namespace) -> int:
    """Assesses each criterion and writes the results down. Returns 1 if a criterion fails, 2 for bad usage."""
    from fediversity.assessment.__main__ import main  # noqa: PLC0415 (`--help` needs none of it)

    return main(arguments.words)
