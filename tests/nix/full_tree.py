"""Evaluating the flake as if nixpkgs were there whole, so that home-manager and more of srvos take part.

They import files of nixpkgs' own tree and ask for packages by name. `nixpkgs-more/` holds small stand-ins for both; a
copy of the stub of nixpkgs gets them, and the flake finds `nixpkgsTree.available` true.
"""

import json
import shutil
from pathlib import Path

from tests.nix.evaluation import CHECK
from tests.requirements import NIX, NO_EVALUATION, unavailable

_HERE = Path(__file__).parent
_MORE = _HERE / "nixpkgs-more"

_FORCED = 'removeAttrs config [ "_module" '
"""What the stub of NixOS leaves out where it forces a whole configuration. Homes have many options without a value."""


def full_tree(folder: Path) -> Path:
    """Copies what evaluates the flake below `folder`, extends its nixpkgs, and gives the folder of `check.nix`.

    Beside the check lie `generators.nix`, `homes.nix` and `macs.nix`.
    """
    if not CHECK.is_file():
        unavailable(NIX, NO_EVALUATION)
    evaluation = Path(shutil.copytree(CHECK.parent, folder / "nix-eval"))
    for path in (evaluation, *evaluation.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for expression in ("generators.nix", "homes.nix", "macs.nix"):
        shutil.copy(_HERE / expression, evaluation)

    stub = evaluation / "nixpkgs-stub"
    (stub / "pkgs.nix").rename(stub / "pkgs-base.nix")
    for extended, more in (("packages.json", "packages.json"), ("loose.json", "options.json")):
        names = {*json.loads((stub / extended).read_text()), *json.loads((_MORE / more).read_text())}
        (stub / extended).write_text(json.dumps(sorted(names)))
    shutil.copy(_MORE / "pkgs.nix", stub)
    shutil.copytree(_MORE / "lib", stub / "lib")
    shutil.copytree(_MORE / "nixos", stub / "nixos")
    # Where the stub's modulesPath points.
    (stub / "modules").symlink_to("nixos/modules")

    system = (stub / "nixos.nix").read_text()
    assert system.count(_FORCED) == 1, "the stub of NixOS no longer says what it leaves out"
    (stub / "nixos.nix").write_text(system.replace(_FORCED, f'{_FORCED}"home-manager" '))
    return evaluation
