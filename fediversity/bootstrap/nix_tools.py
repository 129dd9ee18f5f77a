"""Finds the programs that check Nix files: on PATH, else from the flake by Nix, else built by cargo.

A program on PATH is preferred, so that in `nix develop` the flake's lock file decides the version.
"""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fediversity.bootstrap.crates import OLDEST_RUST, Crate, cargo_problem, ensure_crates
from fediversity.bootstrap.paths import Paths

# nixfmt's official implementation is in Haskell; this crate has the same output. The crate called statix is an
# HTTP server, so the linter of that name comes with Nix only.
CRATES = (Crate("nixfmt_rs", "0.5.3", "nixfmt"), Crate("deadnix", "1.3.1", "deadnix"))

_WHAT = {"nixfmt": "the format of Nix files", "deadnix": "dead code in them", "statix": "statix' lints of Nix files"}


@dataclass(frozen=True)
class NixTools:
    """The programs to use, and a sentence for each check that is left out."""

    nixfmt: Path | None = None
    deadnix: Path | None = None
    statix: Path | None = None
    nix_instantiate: Path | None = None
    left_out: tuple[str, ...] = ()

    @property
    def names(self) -> Sequence[str]:
        """Returns the names of the programs that were found."""
        return [path.name for path in (self.nix_instantiate, self.nixfmt, self.deadnix, self.statix) if path]


def ensure_nix_tools(paths: Paths, environ: Mapping[str, str]) -> NixTools:
    """Finds the programs that check Nix files, and builds them where that is possible and necessary.

    Raises BootstrapError if a build by cargo fails.
    """
    found = {name: path for name in _WHAT if (path := _on_path(name, environ))}
    without_nix, without_cargo = "there is no nix on PATH", ""
    if found.keys() != _WHAT.keys() and (nix := _on_path("nix", environ)):
        by_nix, without_nix = _from_flake(nix, paths, environ)
        found = by_nix | found
    if wanted := [crate for crate in CRATES if crate.program not in found]:
        without_cargo = _from_crates(wanted, paths, environ)
        if not without_cargo:
            found |= {crate.program: crate.path(paths) for crate in wanted}
    by_either = [what for name, what in _WHAT.items() if name not in found and name != "statix"]
    left_out = [f"not checked: {' and '.join(by_either)} ({without_nix}; {without_cargo})"] if by_either else []
    if "statix" not in found:
        left_out.append(f"not checked: {_WHAT['statix']} ({without_nix}, and nothing else brings it)")
    instantiate = _on_path("nix-instantiate", environ)
    return NixTools(found.get("nixfmt"), found.get("deadnix"), found.get("statix"), instantiate, tuple(left_out))


def _on_path(program: str, environ: Mapping[str, str]) -> Path | None:
    found = shutil.which(program, path=environ.get("PATH"))
    return Path(found) if found else None


def _from_flake(nix: Path, paths: Paths, environ: Mapping[str, str]) -> tuple[dict[str, Path], str]:
    """Returns the programs of the flake's package `nix-tools`, or Nix' error where it cannot build them.

    Does not write the flake's lock file: a person creates it.
    """
    options = ["--extra-experimental-features", "nix-command flakes", "--no-write-lock-file"]
    build = ["build", "--no-link", "--print-out-paths", f"{paths.root / 'nix'}#nix-tools"]
    try:
        done = subprocess.run(
            [str(nix), *options, *build], env=dict(environ), capture_output=True, text=True, check=True
        )
    except OSError as error:
        return {}, f"Nix did not start: {error}"
    except subprocess.CalledProcessError as error:
        said = [line.strip() for line in error.stderr.splitlines() if "error:" in line]
        return {}, f"Nix cannot bring it: {(said or ['it failed without an error message'])[-1]}"
    folder = Path(done.stdout.split()[-1]) / "bin"
    return {name: folder / name for name in _WHAT}, ""


def _from_crates(crates: Sequence[Crate], paths: Paths, environ: Mapping[str, str]) -> str:
    """Builds what is not in the cache yet. Returns "" if all is there, else why cargo cannot be used."""
    if not all(crate.path(paths).exists() for crate in crates):
        problem = cargo_problem(environ)
        if problem is not None:
            return f"{problem}, and Rust {'.'.join(map(str, OLDEST_RUST))} or newer would do"
    ensure_crates(paths, crates, environ)
    return ""
