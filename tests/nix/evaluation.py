"""Evaluating the flake in `nix/` by Nix, against copies of its inputs: no network, no store, no nixpkgs.

This wants `nix-instantiate` on the path, `NIX_INPUTS` naming a folder with a checkout of each input, and
`../shared/nix-eval` beside the project. Without them a test that evaluates is skipped.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.requirements import NIX, NO_EVALUATION, unavailable

ROOT = Path(__file__).parents[2]
FLAKE = ROOT / "nix"
CHECK = ROOT / "../shared/nix-eval/check.nix"


def _run(attribute: str, flake: Path, expression: Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("nix-instantiate")
    if "NIX_INPUTS" not in os.environ or program is None or not CHECK.is_file():
        unavailable(NIX, NO_EVALUATION)
    command = [program, "--eval", "--strict", "--json", str(expression.resolve()), "--arg", "src", str(flake)]
    environment = {**os.environ, "NIX_REMOTE": "dummy://"}
    return subprocess.run([*command, "-A", attribute], env=environment, capture_output=True, text=True, check=False)


def evaluate(attribute: str, flake: Path = FLAKE, expression: Path = CHECK) -> Any:
    """One attribute of an expression that takes the flake as `src`, by default the flake's check.

    Fails the test with what Nix said where the evaluation fails, skips it where there is no Nix.
    """
    done = _run(attribute, flake, expression)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refusal(attribute: str, flake: Path, expression: Path = CHECK) -> str:
    """What Nix says about an attribute that must not evaluate; fails the test where it does evaluate."""
    done = _run(attribute, flake, expression)
    assert done.returncode != 0, f"{attribute} evaluates: {done.stdout}"
    return done.stderr


def copy_of_the_flake(folder: Path) -> Path:
    """A copy of the flake that a test may change, in a folder of the test's own."""
    return Path(shutil.copytree(FLAKE, folder / "nix"))


def write_public_vars(flake: Path) -> None:
    """Writes a made-up value for every public var, as `clan vars generate` would write the true ones."""
    for var in evaluate("publicVars", flake):
        value = flake / "vars" / var / "value"
        value.parent.mkdir(parents=True, exist_ok=True)
        value.write_text("made-up")
