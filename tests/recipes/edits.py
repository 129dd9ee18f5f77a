"""Edits of a copy of the project: what each recipe of `docs/extending.md` says to write, as a table by path."""

from collections.abc import Callable, Mapping
from pathlib import Path

Edit = Callable[[str], str]
"""Turns the text of a file into its new text; a new file is made from an empty one."""
Edits = Mapping[str, Edit]

FOLDER = Path(__file__).parent


def after(anchor: str, *lines: str) -> Edit:
    """Returns an edit that puts lines below the only line that is `anchor` but for its indentation.

    The lines get that indentation as well.
    """

    def edit(text: str) -> str:
        found = [line for line in text.splitlines(keepends=True) if line.strip() == anchor.strip()]
        assert len(found) == 1, f"'{anchor}' stands {len(found)} times"
        indent = found[0][: len(found[0]) - len(found[0].lstrip())]
        return text.replace(found[0], found[0] + "".join(f"{indent}{line}\n" for line in lines))

    return edit


def both(*edits: Edit) -> Edit:
    """Returns an edit that makes one edit after the other."""

    def edit(text: str) -> str:
        for one in edits:
            text = one(text)
        return text

    return edit


def replaced(old: str, new: str) -> Edit:
    """Returns an edit that replaces the only place where `old` stands."""

    def edit(text: str) -> str:
        assert text.count(old) == 1, f"'{old}' stands {text.count(old)} times"
        return text.replace(old, new)

    return edit


def written(text: str) -> Edit:
    """Returns an edit that gives a file a content."""
    return lambda _: text


def new_files(recipe: str) -> dict[str, Edit]:
    """Returns the new files of a recipe, which lie in a folder of its name beside this file."""
    root = FOLDER / recipe
    files = (file for file in sorted(root.rglob("*")) if file.is_file() and "__pycache__" not in file.parts)
    return {str(file.relative_to(root)): written(file.read_text(encoding="utf-8")) for file in files}
