"""The extra `embedded` of the distribution: real machines are rolled out without what only the embedded cloud needs."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from fediversity.project.embedded import MODULES

PROJECT = Path(__file__).resolve().parents[1]
METADATA = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
WITHOUT = """
import os, sys
hidden = set(os.environ["HIDDEN"].split())
class Finder:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in hidden else self.finder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(self.finder, name)
sys.meta_path[:] = [Finder(finder) for finder in sys.meta_path]
"""
"""Makes Python find no package of these names, as where they are not installed."""

SSH = ("asyncssh", "cryptography")
"""What asyncssh brings. Pulumi's own SDK needs none of it, but needs grpc."""


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[=<>\[ ]", requirement)[0].lower() for requirement in requirements}


def python(folder: Path, *words: str, hidden: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Runs a Python that does not find the hidden packages, at the top of the checkout."""
    (folder / "sitecustomize.py").write_text(WITHOUT)
    path = os.pathsep.join((str(folder), str(PROJECT)))
    environ = {**os.environ, "PYTHONPATH": path, "HIDDEN": " ".join(hidden)}
    return subprocess.run(
        [sys.executable, *words], cwd=PROJECT, env=environ, capture_output=True, text=True, check=False, timeout=120
    )


def modules(*, declaring: bool) -> list[str]:
    """Every module that production uses; those of the room that declares resources, or those of all the others."""
    files = (file.relative_to(PROJECT) for file in (PROJECT / "fediversity").rglob("*.py"))
    return sorted(
        ".".join(file.with_suffix("").parts).removesuffix(".__init__")
        for file in files
        if file.name != "__main__.py"
        and file.parts[1] not in {"local", "embedded_cloud"}
        and (file.parts[1] == "program") == declaring
    )


def test_the_packages_of_the_embedded_cloud_are_an_extra_of_the_distribution() -> None:
    extra = names(METADATA["optional-dependencies"]["embedded"])
    assert extra == {"asyncssh", "grpcio"}
    assert not extra & names(METADATA["dependencies"])


def test_the_checkout_s_pins_hold_the_extra_too() -> None:
    pinned = set((PROJECT / "requirements.txt").read_text().lower().splitlines())
    wanted = [*METADATA["dependencies"], *METADATA["optional-dependencies"]["embedded"]]
    assert {requirement.lower() for requirement in wanted} <= pinned


@pytest.mark.parametrize(("declaring", "hidden"), [(False, (*MODULES, *SSH)), (True, SSH)])
def test_production_loads_without_the_extra(tmp_path: Path, declaring: bool, hidden: tuple[str, ...]) -> None:
    loaded = modules(declaring=declaring)
    assert loaded
    done = python(tmp_path, "-c", "\n".join(f"import {name}" for name in loaded), hidden=hidden)
    assert done.returncode == 0, done.stderr


def test_a_real_stack_is_planned_and_judged_without_the_extra(tmp_path: Path) -> None:
    planned = python(tmp_path, "-m", "fediversity.cli.main", "plan", "production", hidden=(*MODULES, *SSH))
    judged = python(tmp_path, "-m", "fediversity.cli.main", "policy", "production", hidden=SSH)
    assert (planned.returncode, judged.returncode) == (0, 0), planned.stderr + judged.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("-m", "fediversity.rollout", "up", "dev"),
        ("-m", "fediversity.rollout", "preview", "production", "--plugins", "local"),
        ("-m", "fediversity.cli.main", "local", "faults"),
        ("-m", "fediversity.embedded_cloud.plugins", "hcloud"),
    ],
)
def test_the_embedded_cloud_without_the_extra_is_refused_with_the_fix(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = python(tmp_path, *words, hidden=(*MODULES, *SSH))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.count("fix: ") == 1
    assert "pip install 'fediversity[embedded]'" in done.stderr
    assert done.stdout == ""
