"""Makes `.venv` and keeps it equal to `requirements.txt`."""

import hashlib
import subprocess
import sys
from pathlib import Path

from fediversity.bootstrap.paths import Paths
from fediversity.bootstrap.report import fresh_log, run_logged, say
from fediversity.bootstrap.uv import find_uv, uv_environment

_ADVICE = "Is the package index reachable? Run ./just again once it is; `rm -rf .venv` starts from nothing."

# Only a few parts of the Google Cloud SDK are in use; compiling all of it would take as long as everything else.
_NOT_COMPILED = r"/pulumi_gcp/(?!(compute|dns|storage|config)/)[^/]+/"


def ensure_venv(paths: Paths) -> None:
    """Creates or updates `.venv`. Does nothing if neither the pins nor the project's metadata changed."""
    stamp = paths.venv / "requirements.sha256"
    wanted = _fingerprint(paths)
    if stamp.is_file() and stamp.read_text() == wanted and _runs(paths):
        return
    say("installing the pinned Python packages into .venv (about 20 seconds)")
    uv = find_uv(paths)
    log = fresh_log(paths.log("venv"))
    env = uv_environment()
    stamp.unlink(missing_ok=True)

    def run(*command: str | Path) -> None:
        run_logged(command, log=log, advice=_ADVICE, env=env, cwd=paths.root)

    if not _runs(paths):
        run(uv, "venv", "--clear", "--python", sys.executable, paths.venv)
    run(uv, "pip", "sync", "--python", paths.python, paths.root / "requirements.txt")
    run(paths.python, "-m", "compileall", "-q", "-j", "0", "-x", _NOT_COMPILED, paths.venv / "lib")
    stamp.write_text(wanted)


def _fingerprint(paths: Paths) -> str:
    """Returns a hash of what `.venv` depends on; of the folder too, because scripts name it in their first line."""
    digest = hashlib.sha256(str(paths.root).encode())
    for name in ("requirements.txt", "pyproject.toml"):
        digest.update((paths.root / name).read_bytes())
    return digest.hexdigest()


def _runs(paths: Paths) -> bool:
    """Whether `.venv` has an interpreter that starts, is new enough and takes that folder for its own."""
    check = "import sys; sys.exit(sys.version_info < (3, 11) or sys.prefix != sys.argv[1])"
    try:
        done = subprocess.run([paths.python, "-c", check, paths.venv], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0
