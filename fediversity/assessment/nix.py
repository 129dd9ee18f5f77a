"""Runs Nix with command lines that a user can repeat."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fediversity.support.errors import FediversityError

_FEATURES = ("--extra-experimental-features", "nix-command flakes")
_NO_SOURCE = re.compile(
    r"unable to download|cannot fetch|Could ?n.t resolve|Failed to (open|fetch)|unable to fetch|timed out"
)
_PLACE = re.compile(r"(?:(?<=path:)|(?<=file:)|(?<![\w./:$-]))/[^\s'\"«»:,]+")
"""A path of this computer, but not a part of a relative path or of a URL."""
_LONGEST = 300


class NixError(FediversityError):
    """A failed call of Nix; the message is Nix's own, without paths of this computer."""

    @property
    def unavailable(self) -> bool:
        """Whether an input could not be fetched, which says nothing about the flake."""
        return _NO_SOURCE.search(str(self)) is not None


@dataclass(frozen=True)
class Nix:
    """The `nix` on PATH, with the options for every call (`--override-input …`)."""

    program: str
    options: tuple[str, ...] = ()

    @classmethod
    def find(cls, options: Sequence[str]) -> "Nix | None":
        """Returns the Nix on PATH, or None."""
        program = shutil.which("nix")
        return cls(program, tuple(options)) if program else None

    def version(self) -> str:
        """Returns the version as Nix prints it: `2.26.3`."""
        return self._run(("--version",)).split()[-1]

    def evaluate(self, flake: Path, attribute: str, apply: str | None = None) -> Any:
        """Evaluates an attribute of a flake, or `apply` on it. Raises NixError."""
        function = ("--apply", apply) if apply else ()
        return json.loads(self._flake(("eval", "--json", reference(flake, attribute), *function)))

    def metadata(self, flake: Path) -> Any:
        """Returns the output of `nix flake metadata`: the flake's inputs, locked. Raises NixError."""
        return json.loads(self._flake(("flake", "metadata", "--json", reference(flake))))

    def plan(self, flake: Path, attribute: str) -> str:
        """Returns what `nix build --dry-run` would build and fetch. Raises NixError."""
        return self._flake(("build", "--dry-run", "--no-link", reference(flake, attribute)), output="stderr")

    def _flake(self, words: Sequence[str], output: str = "stdout") -> str:
        # A `path:` flake is read-only, so without this option Nix refuses one that is not locked yet.
        return self._run((*words, "--no-write-lock-file", *self.options), output)

    def _run(self, words: Sequence[str], output: str = "stdout") -> str:
        done = subprocess.run(
            [self.program, *_FEATURES, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            raise NixError(error_summary(done.stderr))
        return done.stdout if output == "stdout" else done.stderr


def reference(flake: Path, attribute: str = "") -> str:
    """Returns the `path:` reference of a flake in a folder: a plain `nix` would refer to the flake registry."""
    return f"path:{flake.resolve()}" + (f"#{attribute}" if attribute else "")


def eval_command(flake: str, attribute: str, apply: str | None = None) -> str:
    """Returns the command line that prints the value of an attribute, for the root of the checkout."""
    function = f" --apply {shlex.quote(apply)}" if apply else ""
    return f'nix eval --json "path:$PWD/{flake}#{attribute}"{function}'


def error_summary(stderr: str) -> str:
    """Returns the reason of a failure in one line: Nix's last `error:` and the text after it."""
    reason = stderr.rpartition("error:")[2] if "error:" in stderr else stderr
    text = " ".join(_PLACE.sub("…", reason).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
