"""Parses the grammar of `darwin-rebuild`, as defined by nix-darwin's script (a1fa429, 2026-06).

The machine's interpreter runs the request. The real script loops over its words, so an action may be at any position,
the last one counts, and an unknown word ends it with status 1.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

ACTIONS = frozenset({"edit", "switch", "activate", "build", "check", "changelog"})
_ROOT_ACTIONS = frozenset({"switch", "activate", "rollback", "check"})
_FLAGS = frozenset(
    {
        *("--show-trace", "--keep-going", "--keep-failed", "--verbose", "-v", "-vv", "-vvv", "-vvvv", "-vvvvv"),
        *("--fallback", "--offline", "--no-build-hook", "--dry-run", "-k", "-K", "-Q", "--no-flake", "-L", "-vL"),
        *("--print-build-logs", "--impure", "--recreate-lock-file", "--no-update-lock-file", "--refresh"),
        *("--no-write-lock-file", "--no-registries", "--commit-lock-file"),
    }
)
_WITH_VALUES = {
    "--max-jobs": 1,
    "-j": 1,
    "--cores": 1,
    "-I": 1,
    "--arg": 2,
    "--argstr": 2,
    "--option": 2,
    "--update-input": 1,
    "--override-input": 2,
    "--substituters": 1,
    "--log-format": 1,
}
_SYNTAX = """\
darwin-rebuild [--help] {edit | switch | activate | build | check | changelog}
               [--list-generations] [{--profile-name | -p} name] [--rollback]
               [{--switch-generation | -G} generation] [--verbose...] [-v...] [--flake flake] (simulated)"""
_PROFILES = "/nix/var/nix/profiles"


class RefusedError(Exception):
    """The script prints this message and exits with 1."""


@dataclass(frozen=True)
class Request:
    """A parsed command line. `generation` is None for a plain `--rollback`."""

    action: str
    flake: str | None = None
    attribute: str | None = None
    generation: int | None = None
    profile: str = f"{_PROFILES}/system"


def parse(program: str, words: Sequence[str], is_root: bool) -> Request:
    """Parses a command line. Raises `RefusedError`, also for an activation by a user other than root."""
    parser = _Parser(program, list(words))
    parser.run()
    if not parser.action:
        raise RefusedError(_SYNTAX)
    if parser.action in _ROOT_ACTIONS and not is_root:
        raise RefusedError(f"{program}: system activation must now be run as root")
    if parser.action in ("edit", "changelog"):
        raise RefusedError(f"{program}: the simulated darwin-rebuild does not do `{parser.action}`")
    source, _, attribute = (parser.flake or "").partition("#")
    return Request(parser.action, source or None, attribute or None, parser.generation, parser.profile)


class _Parser:
    def __init__(self, program: str, words: list[str]) -> None:
        self._program = program
        self._words = words
        self.action = ""
        self.flake: str | None = None
        self.generation: int | None = None
        self.profile = f"{_PROFILES}/system"

    def run(self) -> None:
        while self._words:
            self._option(self._words.pop(0))

    def _option(self, word: str) -> None:
        if word == "--help":
            raise RefusedError(_SYNTAX)
        if word in ACTIONS:
            self.action = word
        elif word == "--flake":
            (self.flake,) = self._values(word, 1)
        elif word == "--list-generations":
            self.action = "list"
        elif word == "--rollback":
            self.action = "rollback"
        elif word in ("--switch-generation", "-G"):
            self.action = "rollback"
            self.generation = self._number(word)
        elif word in ("--profile-name", "-p"):
            (name,) = self._values(word, 1)
            self.profile = f"{_PROFILES}/system" if name == "system" else f"{_PROFILES}/system-profiles/{name}"
        elif word in _WITH_VALUES:
            self._values(word, _WITH_VALUES[word])
        elif word not in _FLAGS and not re.match(r"-j[0-9]", word):
            raise RefusedError(f"{self._program}: unknown option '{word}'")

    def _values(self, word: str, count: int) -> list[str]:
        if len(self._words) < count:
            needed = "an argument" if count == 1 else "two arguments"
            raise RefusedError(f"{self._program}: '{word}' requires {needed}")
        values, self._words = self._words[:count], self._words[count:]
        return values

    def _number(self, word: str) -> int:
        (value,) = self._values(word, 1)
        if not value.isdigit():
            raise RefusedError(f"error: '{value}' is not a generation number")
        return int(value)
