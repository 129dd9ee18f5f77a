"""Nix, called as a person would call it: every call is a command line that can be typed again."""

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
"""A path of this computer; neither a part of a relative path nor of an address in the network."""
_LONGEST = 300


class NixError(FediversityError):
    """A call of Nix that failed; the text is Nix' own last word, without this computer's paths."""

    @property
    def unavailable(self) -> bool:
        """Whether an input could not be had, which says nothing about the flake."""
        return _NO_SOURCE.search(str(self)) is not None


@dataclass(frozen=True)
class Nix:
    """The `nix` on PATH, with the options that every call gets (`--override-input …`)."""

    program: str
    options: tuple[str, ...] = ()

    @classmethod
    def found(cls, options: Sequence[str]) -> "Nix | None":
        """None where there is no Nix."""
        program = shutil.which("nix")
        return cls(program, tuple(options)) if program else None

    def version(self) -> str:
        """The version as Nix says it: `2.26.3`."""
        return self._run(("--version",)).split()[-1]

    def evaluate(self, flake: Path, attribute: str, apply: str | None = None) -> Any:
        """The value of an attribute of a flake, or of `apply` on it. Raises NixError."""
        function = ("--apply", apply) if apply else ()
        return json.loads(self._flake(("eval", "--json", reference(flake, attribute), *function)))

    def metadata(self, flake: Path) -> Any:
        """What `nix flake metadata` says: the flake's inputs, locked. Raises NixError."""
        return json.loads(self._flake(("flake", "metadata", "--json", reference(flake))))

    def plan(self, flake: Path, attribute: str) -> str:
        """What `nix build --dry-run` would build and fetch. Raises NixError."""
        return self._flake(("build", "--dry-run", "--no-link", reference(flake, attribute)), output="stderr")

    def _flake(self, words: Sequence[str], output: str = "stdout") -> str:
        # A `path:` flake cannot be written to, so without this Nix refuses one that is not locked yet.
        return self._run((*words, "--no-write-lock-file", *self.options), output)

    def _run(self, words: Sequence[str], output: str = "stdout") -> str:
        done = subprocess.run(
            [self.program, *_FEATURES, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            raise NixError(last_word(done.stderr))
        return done.stdout if output == "stdout" else done.stderr


def reference(flake: Path, attribute: str = "") -> str:
    """A flake in a folder, by `path:`: a plain `nix` would be looked up in the registry of flakes."""
    return f"path:{flake.resolve()}" + (f"#{attribute}" if attribute else "")


def typed(flake: str, attribute: str, apply: str | None = None) -> str:
    """The line that a person types at the top of the checkout to see the value of an attribute."""
    function = f" --apply {shlex.quote(apply)}" if apply else ""
    return f'nix eval --json "path:$PWD/{flake}#{attribute}"{function}'


def last_word(stderr: str) -> str:
    """Nix' own reason for a failure in one line: the last `error:` with what follows it."""
    reason = stderr.rpartition("error:")[2] if "error:" in stderr else stderr
    text = " ".join(_PLACE.sub("…", reason).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
