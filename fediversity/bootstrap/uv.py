"""Finds `uv`, or installs the pinned one into the cache with the computer's own Python."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from fediversity.bootstrap.paths import Paths
from fediversity.bootstrap.report import BootstrapError, fresh_log, run_logged, say

UV_VERSION = "0.13.9"

_NO_PIP = (
    "uv is needed and could not be installed. Install uv yourself, or Python's venv module "
    "(Debian and Ubuntu: apt install python3-venv), or check that the package index can be reached."
)

# uv has its own names for the settings that pip reads; a computer that is set up for pip alone must work too.
_PIP_SETTINGS = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_CERT": "SSL_CERT_FILE",
}


def find_uv(paths: Paths) -> Path:
    """Returns the `uv` on PATH, else the pinned one in the cache, which it installs if necessary."""
    on_path = shutil.which("uv")
    if on_path is not None:
        return Path(on_path)
    folder = paths.cache / f"uv-{UV_VERSION}"
    uv = folder / "bin" / "uv"
    if _works(uv):
        return uv
    say(f"installing uv {UV_VERSION} into the cache (about 5 seconds, once)")
    log = fresh_log(paths.log("uv"))
    shutil.rmtree(folder, ignore_errors=True)
    try:
        run_logged([sys.executable, "-m", "venv", folder], log=log, advice=_NO_PIP)
        pip: list[str | Path] = [folder / "bin" / "python", "-m", "pip", "install"]
        run_logged([*pip, f"uv=={UV_VERSION}"], log=log, advice=_NO_PIP)
    except BootstrapError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return uv


def uv_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Returns the environment with pip's index settings under uv's names, where uv's own are not set."""
    passed_on = {
        ours: environ[theirs] for theirs, ours in _PIP_SETTINGS.items() if theirs in environ and ours not in environ
    }
    return {**environ, **passed_on}


def _works(uv: Path) -> bool:
    try:
        return subprocess.run([uv, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
