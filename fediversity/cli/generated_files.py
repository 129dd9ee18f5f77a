"""Writes files that are generated and committed, and finds stale ones."""

import sys
from pathlib import Path

from fediversity.support.files import write_atomically


def write(file: Path, text: str) -> int:
    """Replaces the content of `file` by `text`, atomically. Returns the exit code."""
    if _content(file) == text:
        print(f"{file} is up to date")
        return 0
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, text)
    print(f"{file} written")
    return 0


def check(file: Path, text: str, command: str) -> int:
    """Checks that `file` holds `text`, and prints what to do if it does not. Returns the exit code."""
    content = _content(file)
    if content == text:
        print(f"{file} is up to date")
        return 0
    state = "is missing" if content is None else "is stale"
    print(f"{file} {state}: run `{command}` and commit the result", file=sys.stderr)
    return 1


def _content(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
