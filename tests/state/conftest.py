"""A project with a production stack, and stand-ins for the clouds' tools on PATH."""

import io
import json
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fediversity.state.actions import CommandResult
from tests.fleet.good import GOOD
from tests.state.refusing import EMPTY
from tests.state.standin import main

SETTINGS = """\
# The production stack.
config:
  fediversity:fleet: stacks/production.yaml   # the whole fleet
  fediversity:plugins: {hcloud: official, gcp: official, command: official}
"""
_LAUNCHER = """#!{python}
import sys
sys.path.insert(0, {root!r})
from tests.state.standin import main
sys.exit(main({tool!r}, sys.argv[1:]))
"""


@dataclass(frozen=True)
class Clouds:
    """What the stand-ins remember."""

    file: Path

    def read(self) -> dict[str, Any]:
        return {**EMPTY, **(json.loads(self.file.read_text()) if self.file.exists() else {})}

    def give(self, **parts: Any) -> None:
        """Has something there already."""
        self.file.write_text(json.dumps({**self.read(), **parts}))

    def changing_calls(self) -> list[str]:
        """The commands that were to change something."""
        reading = ("describe", "head", "get", "describe-key")
        return [call for call in self.read()["calls"] if not call.split()[-1].startswith(reading)]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    (root / "stacks").mkdir(parents=True)
    (root / "Pulumi.yaml").write_text("name: garden\nruntime: python\nbackend:\n  url: file://.\n")
    (root / "Pulumi.production.yaml").write_text(SETTINGS)
    (root / "stacks" / "production.yaml").write_text(GOOD)
    monkeypatch.chdir(root)
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    return root


@pytest.fixture
def clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clouds:
    """The stand-ins inside this process, because starting a Python for each of so many commands takes long."""
    monkeypatch.setenv("STANDIN_CLOUD", str(tmp_path / "clouds.json"))
    monkeypatch.setattr("fediversity.cli.state.run_tool", _in_this_process)
    return Clouds(tmp_path / "clouds.json")


def _in_this_process(command: Sequence[str]) -> CommandResult:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(command[0], list(command[1:]))
    return CommandResult(status, out.getvalue(), err.getvalue())


@pytest.fixture
def clouds_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clouds:
    """The stand-ins as programs, started as the real ones are."""
    folder = tmp_path / "bin"
    folder.mkdir()
    root = str(Path(__file__).resolve().parents[2])
    for tool in ("gcloud", "aws"):
        file = folder / tool
        file.write_text(_LAUNCHER.format(python=sys.executable, root=root, tool=tool))
        file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("STANDIN_CLOUD", str(tmp_path / "clouds.json"))
    return Clouds(tmp_path / "clouds.json")
