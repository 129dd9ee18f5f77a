"""Provides the context of the criteria: the two flakes, Nix, and temporary copies of the minimal clan."""

import functools
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fediversity.assessment.nix import Nix, NixError

VALIDATION = "nix/validation"
FLEET = "nix"
MACHINE = "test-vm"
SYSTEM = f"nixosConfigurations.{MACHINE}"
_GENERATED = frozenset({"vars", "sops", "result"})

_VARS = """generators: builtins.concatMap (generator: map (name: {
  inherit name;
  inherit (generator.files.${name}) rel_dir secret deploy neededFor;
}) (builtins.attrNames generator.files)) (builtins.attrValues generators)"""


@dataclass(frozen=True)
class AssessmentContext:
    """The checkout, and Nix if it is installed."""

    project: Path
    nix: Nix | None
    _reasons: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)

    @property
    def flake(self) -> Path:
        """The folder of the minimal clan's flake."""
        return self.project / VALIDATION

    def value(self, attribute: str, apply: str | None = None, *, flake: Path | None = None) -> Any:
        """Evaluates an attribute of the minimal clan, or of another flake. Raises NixError."""
        return self._nix.evaluate(flake or self.flake, attribute, apply)

    def locks(self) -> Any:
        """Returns the direct and indirect inputs of the minimal clan, from its lock file or as resolved now. Raises
        NixError.
        """
        return self._nix.metadata(self.flake)["locks"]

    def plan(self, flake: Path, attribute: str) -> str:
        """Returns what a build of an attribute would build and fetch. Raises NixError."""
        return self._nix.plan(flake, attribute)

    @property
    def _nix(self) -> Nix:
        if self.nix is None:
            raise NixError("there is no nix on PATH")
        return self.nix

    def unavailable_reason(self, folder: str) -> str | None:
        """Returns why the flake in a folder cannot be evaluated at all, or None if it can. The result is cached."""
        if folder not in self._reasons:
            self._reasons[folder] = self._reason(folder)
        return self._reasons[folder]

    def _reason(self, folder: str) -> str | None:
        if self.nix is None:
            return "no nix on PATH"
        try:
            self.value("modules", "builtins.attrNames", flake=self.project / folder)
        except NixError as error:
            # The criterion reports other errors: they are the flake's own.
            return f"the inputs of {folder} are not to be had here: {error}" if error.unavailable else None
        return None

    @functools.cached_property
    def whole_nixpkgs(self) -> bool:
        """Whether nixpkgs is complete; otherwise only its library is available. Raises NixError."""
        complete: bool = self.value(
            f"{SYSTEM}._module.specialArgs.modulesPath", 'path: builtins.pathExists (path + "/module-list.nix")'
        )
        return complete

    @contextmanager
    def copy(self) -> Iterator[Path]:
        """Creates a temporary copy of the minimal clan in the checkout, without generated files."""
        with tempfile.TemporaryDirectory(prefix="fediversity-assessment-") as folder:
            flake = Path(folder) / "flake"
            shutil.copytree(self.flake, flake, ignore=lambda _, names: _GENERATED & set(names))
            yield flake

    @contextmanager
    def copy_with_vars(self, *, secrets: bool = True) -> Iterator[Path]:
        """Creates a copy with placeholder vars, as after `clan vars generate`, so that the whole system evaluates.

        Without `secrets`, only public vars get a placeholder. Raises NixError.
        """
        with self.copy() as flake:
            # sops-nix uses the machine's age key to decide that it can decrypt.
            write_placeholder(flake / "sops" / "secrets" / f"{MACHINE}-age.key" / "secret", "made-up")
            files = self.value(f"{SYSTEM}.config.clan.core.vars.generators", _VARS, flake=flake)
            write_placeholder_vars(flake, [file for file in files if secrets or not file["secret"]])
            yield flake


def write_placeholder_vars(flake: Path, files: Iterable[Mapping[str, Any]]) -> None:
    """Writes a placeholder for every public and every encrypted var, in clan's layout."""
    for file in files:
        folder = flake / "vars" / file["rel_dir"] / file["name"]
        if file["secret"]:
            write_placeholder(folder / "secret", json.dumps({"data": "made-up", "sops": {}}))
        else:
            write_placeholder(folder / "value", "made-up")


def write_placeholder(file: Path, text: str) -> None:
    """Writes a placeholder value, and creates its folders."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
