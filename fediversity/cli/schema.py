"""`fediversity schema`: the JSON Schema of fleet files, for editors."""

import argparse
from pathlib import Path

from fediversity.cli import written
from fediversity.fleet.schema import SCHEMA_FILE, schema_text

_FOLDER = Path("stacks")


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file is stale")


def run(arguments: argparse.Namespace) -> int:
    """Writes the schema beside the fleet files, or with `--check` says whether it is current."""
    file, text = _FOLDER / SCHEMA_FILE, schema_text()
    return written.check(file, text, "fediversity schema") if arguments.check else written.write(file, text)
