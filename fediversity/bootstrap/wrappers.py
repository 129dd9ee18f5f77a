"""Makes sure that programs which came as Python packages start on this computer."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from fediversity.bootstrap.paths import Paths
from fediversity.bootstrap.report import BootstrapError, say

# Packages that are one compiled program. Programs in Python start wherever Python does.
_COMPILED = ("just", "ruff")


def ensure_programs_start(paths: Paths, environ: Mapping[str, str]) -> None:
    """Replaces a program that does not start by the computer's own.

    NixOS has no loader at the path that compiled programs expect; there `nix develop` brings these programs.
    """
    for name in _COMPILED:
        program = paths.venv / "bin" / name
        if _starts(program):
            continue
        own = _elsewhere(name, paths, environ)
        if own is not None:
            say(f"{program} does not start on this computer; {own} takes its place")
            program.unlink(missing_ok=True)
            program.symlink_to(own)
        elif name == "just":
            raise BootstrapError(
                f"{program} does not start on this computer, and there is no other `just` on PATH. "
                "On NixOS start ./just inside `nix develop ./nix`; elsewhere `rm -rf .venv` starts from nothing."
            )


def _elsewhere(name: str, paths: Paths, environ: Mapping[str, str]) -> Path | None:
    folders = [folder for folder in environ.get("PATH", "").split(":") if folder and not _ours(folder, paths)]
    found = shutil.which(name, path=":".join(folders))
    return Path(found).absolute() if found and _starts(Path(found)) else None


def _ours(folder: str, paths: Paths) -> bool:
    """Whether a folder is the checkout's own: its script at the top is called `just` too."""
    return Path(folder).resolve() in {paths.root, (paths.venv / "bin").resolve()}


def _starts(program: Path) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
