"""`fediversity schema`: writes the JSON Schemas of fleet files, for editors, and of deployment requests."""

import argparse
from pathlib import Path

from fediversity.cli import generated_files
from fediversity.fleet.schema import (
    APPLICATIONS_FILE,
    REQUEST_SCHEMA_FILE,
    SCHEMA_FILE,
    applications_text,
    request_schema_text,
    schema_text,
)

EXAMPLES = (
    "fediversity schema",
    "fediversity schema --check",
)

_FOLDER = Path("stacks")
_FLAKE = Path("nix")


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file is stale")


def run(arguments: argparse.Namespace) -> int:
    """Writes the schemas where they are used, or with `--check` checks that they are current."""
    files = {
        _FOLDER / SCHEMA_FILE: schema_text(),
        _FLAKE / REQUEST_SCHEMA_FILE: request_schema_text(),
        _FLAKE / APPLICATIONS_FILE: applications_text(),
    }
    if arguments.check:
        return max(generated_files.check(file, text, "fediversity schema") for file, text in files.items())
    return max(generated_files.write(file, text) for file, text in files.items())
