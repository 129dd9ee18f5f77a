"""Sees to it that programs which came as Python packages start on this computer."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from fediversity.bootstrap.paths import Paths
from fediversity.bootstrap.report import BootstrapError, say

# Packages that are one compiled program. What is written in Python starts wherever Python does.
_COMPILED = ("just", "ruff")


def ensure_programs_start(places: Paths, environ: Mapping[str, str]) -> None:
    """Put the computer's own program in the place of one that does not start.

    NixOS has no loader where compiled programs of packages look for it; there `nix develop` brings these programs.
    """
    for name in _COMPILED:
        program = places.venv / "bin" / name
        if _starts(program):
            continue
        own = _elsewhere(name, places, environ)
        if own is not None:
            say(f"{program} does not start on this computer; {own} takes its place")
            program.unlink(missing_ok=True)
            program.symlink_to(own)
        elif name == "just":
            raise BootstrapError(
                f"{program} does not start on this computer, and there is no other `just` on PATH. "
                "On NixOS start ./just inside `nix develop ./nix`; elsewhere `rm -rf .venv` starts from nothing."
            )


def _elsewhere(name: str, places: Paths, environ: Mapping[str, str]) -> Path | None:
    folders = [folder for folder in environ.get("PATH", "").split(":") if folder and not _ours(folder, places)]
    found = shutil.which(name, path=":".join(folders))
    return Path(found).absolute() if found and _starts(Path(found)) else None


def _ours(folder: str, places: Paths) -> bool:
    """Our own script is called `just` too, and stands at the top of the checkout."""
    return Path(folder).resolve() in {places.root, (places.venv / "bin").resolve()}


def _starts(program: Path) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
