"""A project with a flake, with and without Nix."""

import os
import shutil
from pathlib import Path

import pytest

from fediversity.nix_eval.evaluate import Nix
from tests.nix_eval.garden import Garden, counting, environment, nix_version, run_nix
from tests.requirements import NIX, NO_NIX, unavailable

_OLDEST = (2, 20)


@pytest.fixture
def garden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Garden:
    """The project, as the current folder, on a computer without Nix."""
    folders = os.environ["PATH"].split(os.pathsep)
    monkeypatch.setenv("PATH", os.pathsep.join(folder for folder in folders if not Path(folder, "nix").exists()))
    garden = Garden(tmp_path / "checkout", tmp_path / "calls")
    garden.project.mkdir()
    garden.write()
    monkeypatch.chdir(garden.project)
    monkeypatch.delenv("FEDIVERSITY_EVALUATIONS", raising=False)
    return garden


@pytest.fixture(scope="session")
def real_nix() -> str:
    """The person's own `nix`; skips where there is none that is new enough."""
    program = shutil.which("nix")
    if program is None or nix_version(program) < _OLDEST:
        unavailable(NIX, NO_NIX)
    return program


@pytest.fixture
def nix(real_nix: str, garden: Garden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nix:
    """The real Nix with a store of its own, on PATH by way of a script that counts how often it is started."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    # A store is there before it is used from several sides: two that make it at once get into each other's way.
    run_nix(Nix(real_nix, os.environ), "path-info", "--all")
    counting(real_nix, tmp_path / "bin", garden.calls)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    found = Nix.found(os.environ)
    assert found is not None
    return found
