"""The recipes of `docs/extending.md`: whoever changes the files that one lists, and no other, has it running."""

import filecmp
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

from tests.recipes.recipe_book import PROJECT, recipes
from tests.recipes.walk import Walk
from tests.recipes.walks import WALKS

COPIED = ("fediversity", "stacks", "nix", "docs", "tests")
LEFT_OUT = ("__pycache__", "recipes", "data")
BOOK = recipes()


def files_of(title: str) -> dict[str, str]:
    """The files that a recipe lists, its placeholders filled in."""
    walk = WALKS[title]
    return {re.sub(r"<(\w+)>", lambda found: walk.names[found[1]], path): how for path, how in BOOK[title].items()}


def copy_of_project(folder: Path) -> Path:
    """A copy of what a recipe may touch, and of what runs."""
    for name in COPIED:
        shutil.copytree(
            PROJECT / name,
            folder / name,
            ignore=shutil.ignore_patterns(*LEFT_OUT),
        )
    for file in (*PROJECT.glob("Pulumi*.yaml"), PROJECT / "pyproject.toml"):
        shutil.copy2(file, folder / file.name)
    return folder


def process(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs Python in a copy of the project, which is what it imports."""
    environ = os.environ | {"PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *words], cwd=project, env=environ, capture_output=True, text=True, check=False
    )


def walked(walk: Walk, project: Path, *, without: Collection[str] = ()) -> list[str]:
    """Makes the edits of a recipe in a copy, but those of some files, and generates what is generated.

    Returns what the generators complain about.
    """
    for path, edit in walk.edits.items():
        if path not in without:
            file = project / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(edit(file.read_text() if file.exists() else ""))
    generated = [path for path in without if path not in walk.edits]
    kept = {path: (project / path).read_bytes() for path in generated}
    done = [process(project, "-m", "fediversity.cli.main", *words) for words in walk.generate]
    for path, content in kept.items():
        (project / path).write_bytes(content)
    return [entry.stderr for entry in done if entry.returncode != 0]


def differing(project: Path) -> dict[str, str]:
    """The files of a copy that are not as in the project: `new` or `changed`."""
    found = {}
    for name in COPIED:
        for file in sorted((project / name).rglob("*")):
            path = str(file.relative_to(project))
            if file.is_file() and not (PROJECT / path).exists():
                found[path] = "new"
            elif file.is_file() and not filecmp.cmp(file, PROJECT / path, shallow=False):
                found[path] = "changed"
    return found


def test_every_recipe_is_walked() -> None:
    assert set(BOOK) == set(WALKS)


@pytest.mark.parametrize("title", WALKS)
def test_a_recipe_lists_exactly_the_files_that_it_touches_and_then_it_runs(title: str, tmp_path: Path) -> None:
    project = copy_of_project(tmp_path)
    assert walked(WALKS[title], project) == []
    listed = {path: "changed" if how == "generated" else how for path, how in files_of(title).items()}
    assert differing(project) == listed
    done = process(project, str(Path(__file__).parent / "runs" / f"{WALKS[title].run}.py"))
    assert done.returncode == 0, done.stdout + done.stderr


CHANGED = [(title, path) for title in WALKS for path, how in files_of(title).items() if how != "new"]


@pytest.mark.parametrize(("title", "path"), CHANGED, ids=[f"{title}-{path}" for title, path in CHANGED])
def test_without_a_change_that_a_recipe_lists_it_does_not_run(title: str, path: str, tmp_path: Path) -> None:
    project = copy_of_project(tmp_path)
    complaints = walked(WALKS[title], project, without=[path])
    done = process(project, str(Path(__file__).parent / "runs" / f"{WALKS[title].run}.py"))
    assert complaints or done.returncode != 0, f"the recipe runs without {path}"
