"""A computer of its own for each test: folders, and programs that write down how they were called."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from fediversity.bootstrap.paths import Paths
from fediversity.bootstrap.release import PINS

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Computer:
    """Folders of one computer; `bin` is all there is on its PATH beside the system's own programs."""

    places: Paths
    bin: Path
    calls_file: Path

    @property
    def environ(self) -> dict[str, str]:
        return {"HOME": str(self.bin.parent), "PATH": f"{self.bin}:/usr/bin:/bin"}

    def program(self, name: str, script: str, folder: Path | None = None) -> Path:
        """Install a shell script that first notes its name and arguments."""
        path = (folder or self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self.calls_file}"\n{script}\n')
        path.chmod(0o755)
        return path

    def pulumi(self, folder: Path | None = None, version: str = "v3.259.0") -> Path:
        """Install a program that says which engine it is, and the language host beside it."""
        self.program("pulumi-language-python", "", folder)
        return self.program("pulumi", f"echo {version}", folder)

    def calls(self) -> list[str]:
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []


@pytest.fixture
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Computer:
    root = tmp_path / "checkout"
    (root / PINS / "language").mkdir(parents=True)
    (root / "scripts").mkdir()
    for name in ("requirements.txt", "pyproject.toml", "scripts/pulumi-resource-local"):
        (root / name).write_bytes((ROOT / name).read_bytes())
    for name in ("go.mod", "go.sum", "language/go.mod", "language/go.sum"):
        (root / PINS / name).write_bytes((ROOT / PINS / name).read_bytes())
    (tmp_path / "bin").mkdir()
    places = Paths(root, tmp_path / "cache", tmp_path / "pulumi-home")
    there = Computer(places, tmp_path / "bin", tmp_path / "calls")
    monkeypatch.setenv("PATH", there.environ["PATH"])
    monkeypatch.setenv("HOME", there.environ["HOME"])
    return there
