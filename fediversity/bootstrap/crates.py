"""Builds programs from crates.io into the cache, for computers that have cargo and not Nix."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fediversity.bootstrap.lock import only_one
from fediversity.bootstrap.paths import Paths
from fediversity.bootstrap.release import numbers
from fediversity.bootstrap.report import fresh_log, run_logged, say

OLDEST_RUST = (1, 87)

_ADVICE = (
    "Can crates.io be reached, and is there a C linker (`cc`)? Run the command again once it is so, "
    "or put the program on PATH, for instance by `nix develop ./nix`."
)

# These programs read a few dozen small files: without optimisation they build in a third of the processor time,
# and run noticeably no slower.
_QUICKLY = {
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
    "CARGO_PROFILE_RELEASE_DEBUG": "false",
}


@dataclass(frozen=True)
class Crate:
    """A pinned crate and its program. The crate's own Cargo.lock pins its dependencies."""

    name: str
    version: str
    program: str

    def path(self, paths: Paths) -> Path:
        return paths.cache / "rust" / f"{self.name}-{self.version}" / "bin" / self.program


def cargo_problem(environ: Mapping[str, str]) -> str | None:
    """Returns why the computer's cargo cannot build anything, or None if it can."""
    cargo = shutil.which("cargo", path=environ.get("PATH"))
    if cargo is None:
        return "there is no cargo on PATH"
    try:
        done = subprocess.run([cargo, "--version"], env=dict(environ), capture_output=True, text=True, check=False)
    except OSError as error:
        return f"{cargo} did not start: {error}"
    if done.returncode != 0:
        # This is rustup's stand-in for cargo, without a toolchain.
        return f"{cargo} does not work: {next(iter(done.stderr.splitlines()), 'it says nothing')}"
    version = numbers(done.stdout)
    if version < OLDEST_RUST:
        return f"cargo is {'.'.join(map(str, version)) or 'of no known version'}"
    return None


def ensure_crates(paths: Paths, crates: Sequence[Crate], environ: Mapping[str, str]) -> None:
    """Builds the crates that are not in the cache yet. Raises BootstrapError if a build fails."""
    if all(crate.path(paths).exists() for crate in crates):
        return
    with only_one(paths.cache / "rust.lock"):
        missing = [crate for crate in crates if not crate.path(paths).exists()]
        if missing:
            _build(paths, missing, environ)


def _build(paths: Paths, crates: Sequence[Crate], environ: Mapping[str, str]) -> None:
    names = " and ".join(f"{crate.program} ({crate.name} {crate.version})" for crate in crates)
    say(f"building {names} from crates.io (about a minute on 2 cores, once a computer)")
    log = fresh_log(paths.log("rust"))
    say(f"its log: {log}")
    home = paths.cache / "rust"
    home.mkdir(parents=True, exist_ok=True)
    for leftover in home.glob(".unfinished-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=home))
    env = {**environ, **_QUICKLY, "CARGO_TARGET_DIR": str(scratch / "target")}
    try:
        for crate in crates:
            made = scratch / crate.name
            pinned = ["--locked", "--no-track", "--version", crate.version, crate.name]
            run_logged(["cargo", "install", "--root", made, *pinned], log=log, advice=_ADVICE, env=env, cwd=scratch)
            # The folder is moved into place as a whole, so that a killed build leaves nothing that looks finished.
            target = crate.path(paths).parents[1]
            shutil.rmtree(target, ignore_errors=True)
            os.rename(made, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
