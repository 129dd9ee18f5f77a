"""Reads the recipes of `docs/extending.md`: each is a section that ends with the list of its files."""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
BOOK = PROJECT / "docs" / "extending.md"

_FILES = "Files:"
_ENTRY = re.compile(r"- `(?P<path>[^`]+)`( \((?P<how>new|generated)\))?(:.*)?")


def recipes() -> dict[str, dict[str, str]]:
    """Returns for each recipe its files by path, each with `new`, `generated` or `changed`."""
    sections = re.split(r"^## ", BOOK.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {title: _files(text) for title, _, text in (section.partition("\n") for section in sections)}


def _files(section: str) -> dict[str, str]:
    _, found, listed = section.partition(f"\n{_FILES}\n")
    assert found, "a recipe ends with the list of its files"
    files = {}
    for line in filter(None, map(str.strip, listed.splitlines())):
        entry = _ENTRY.fullmatch(line)
        assert entry is not None, f"no file of a recipe: {line}"
        files[entry["path"]] = entry["how"] or "changed"
    return files
