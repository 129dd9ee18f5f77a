"""Provides the minimal clan, copies of it for tests, and Nix with local copies of its inputs."""

import os
import shutil
from pathlib import Path

from fediversity.assessment.context import AssessmentContext
from fediversity.assessment.nix import Nix
from tests.requirements import NIX, NO_EVALUATION, unavailable

ROOT = Path(__file__).parents[2]
VALIDATION = ROOT / "nix" / "validation"
NIX_EVAL = ROOT / "../shared/nix-eval"


def copy_of_the_clan(folder: Path) -> Path:
    """Returns a copy of the minimal clan without generated files."""
    return Path(shutil.copytree(VALIDATION, folder / "validation", ignore=shutil.ignore_patterns("vars", "sops")))


def copy_of_the_checkout(folder: Path) -> Path:
    """Copies the files that the assessment reads from a checkout to a temporary folder."""
    for path in ("nix", "docs", "fediversity", "stacks"):
        shutil.copytree(ROOT / path, folder / path, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def local_inputs() -> list[str]:
    """Returns the options by which Nix takes every input from NIX_INPUTS; skips the test if that is not possible."""
    folder = os.environ.get("NIX_INPUTS")
    if folder is None or shutil.which("nix") is None or not NIX_EVAL.is_dir():
        unavailable(NIX, NO_EVALUATION)
    inputs, stubs = Path(folder), NIX_EVAL.resolve()
    places = {
        "clan-core": inputs / "clan-core",
        "clan-core/nixpkgs": stubs / "nixpkgs-stub",
        "clan-core/nixpkgs/nixpkgs-lib": inputs / "nixpkgs.lib",
        **{
            f"clan-core/{name}": inputs / name for name in ("nix-darwin", "flake-parts", "disko", "sops-nix", "systems")
        },
        "clan-core/treefmt-nix": inputs / "treefmt-nix",
        **{f"clan-core/{name}": stubs / "stub-flakes" / name for name in ("nix-select", "data-mesher")},
        **{name: inputs / name for name in ("import-tree", "srvos", "home-manager", "nixops4-nixos")},
        "nixops4": Path(__file__).parent / "nixops4-modules",
        "nixops4/sources": inputs / "nixops4",
    }
    overrides = [word for name, place in places.items() for word in ("--override-input", name, f"path:{place}")]
    return ["--option", "flake-registry", "", *overrides]


def context(project: Path = ROOT, *, store: Path | None = None) -> AssessmentContext:
    """Returns a context with Nix and local inputs; `store` is a folder for a separate store."""
    options = local_inputs()
    return AssessmentContext(project, Nix.find([*options, *(("--store", str(store)) if store else ())]))
