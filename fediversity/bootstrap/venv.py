"""Makes `.venv` and keeps it equal to `requirements.txt`."""

import hashlib
import subprocess
import sys
from pathlib import Path

from fediversity.bootstrap.paths import Paths
from fediversity.bootstrap.report import fresh_log, run_logged, say
from fediversity.bootstrap.uv import find_uv, uv_environment

_ADVICE = "Is the package index reachable? Run ./just again once it is; `rm -rf .venv` starts from nothing."

# Only three parts of the Google Cloud SDK are in use, and all of it would take as long as everything else.
_NOT_COMPILED = r"/pulumi_gcp/(?!(compute|dns|storage|config)/)[^/]+/"


def ensure_venv(places: Paths) -> None:
    """Create or update `.venv`; does nothing when neither the pins nor the project's metadata changed."""
    stamp = places.venv / "requirements.sha256"
    wanted = _fingerprint(places)
    if stamp.is_file() and stamp.read_text() == wanted and _runs(places):
        return
    say("installing the pinned Python packages into .venv (about 20 seconds)")
    uv = find_uv(places)
    log = fresh_log(places.log("venv"))
    env = uv_environment()
    stamp.unlink(missing_ok=True)

    def run(*command: str | Path) -> None:
        run_logged(command, log=log, advice=_ADVICE, env=env, cwd=places.root)

    if not _runs(places):
        run(uv, "venv", "--clear", "--python", sys.executable, places.venv)
    run(uv, "pip", "sync", "--python", places.python, places.root / "requirements.txt")
    run(places.python, "-m", "compileall", "-q", "-j", "0", "-x", _NOT_COMPILED, places.venv / "lib")
    stamp.write_text(wanted)


def _fingerprint(places: Paths) -> str:
    """What the content of `.venv` depends on; the folder counts, because scripts name it in their first line."""
    digest = hashlib.sha256(str(places.root).encode())
    for name in ("requirements.txt", "pyproject.toml"):
        digest.update((places.root / name).read_bytes())
    return digest.hexdigest()


def _runs(places: Paths) -> bool:
    """Whether `.venv` has an interpreter that starts, is new enough and believes to be in that folder."""
    check = "import sys; sys.exit(sys.version_info < (3, 11) or sys.prefix != sys.argv[1])"
    try:
        done = subprocess.run([places.python, "-c", check, places.venv], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0
