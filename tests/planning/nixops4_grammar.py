"""Whether a command line of nixops4's is one that nixops4 (0.1.0, of 2026-07) would take: the tests' own table."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.planning.clan_grammar import GrammarError

COMMANDS: Mapping[tuple[str, ...], tuple[int, int | None]] = {
    ("apply",): (0, None),
    ("members", "list"): (0, 1),
    ("state", "dump"): (1, 1),
}
"""Each command with the fewest and the most paths it takes."""

OPTIONS: Mapping[str, int] = {
    "-v": 0,
    "--verbose": 0,
    "--color": 1,
    "--interactive": 0,
    "--no-interactive": 0,
    "--show-trace": 0,
    "--override-input": 2,
    "--file": 1,
}
"""Each option, which may stand anywhere, with how many values it takes. There is no --flake and no --deployment."""

_EXCLUSIVE = (("--interactive", "--no-interactive"), ("--file", "--override-input"))
_REPEATABLE = {"-v", "--verbose", "--override-input"}
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_'-]*(\.[A-Za-z0-9_][A-Za-z0-9_'-]*)*")
_FLAKE_REFERENCE = re.compile(r"path:/\S+|github:\S+|git\+\S+|[./]\S*")


@dataclass
class Understood:
    """What nixops4 would understand."""

    command: tuple[str, ...]
    paths: list[str] = field(default_factory=list)
    options: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)


def check(words: Sequence[str]) -> Understood:
    """What nixops4 would understand. Raises GrammarError for a line it would refuse."""
    if not words or words[0] != "nixops4":
        raise GrammarError("not a line of nixops4's")
    plain, options = _split(words[1:])
    command = next((known for known in COMMANDS if tuple(plain[: len(known)]) == known), None)
    if command is None:
        raise GrammarError(f"no such command: {' '.join(plain)}")
    understood = Understood(command, plain[len(command) :], options)
    _check_paths(understood)
    _check_options(understood)
    return understood


def _split(words: Sequence[str]) -> tuple[list[str], dict[str, list[tuple[str, ...]]]]:
    plain: list[str] = []
    options: dict[str, list[tuple[str, ...]]] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            plain.append(word)
            continue
        if word not in OPTIONS:
            raise GrammarError(f"unexpected argument '{word}'")
        values = tuple(rest[: OPTIONS[word]])
        if len(values) < OPTIONS[word] or any(value.startswith("-") for value in values):
            raise GrammarError(f"{word} needs {OPTIONS[word]} values")
        del rest[: OPTIONS[word]]
        options.setdefault(word, []).append(values)
    return plain, options


def _check_paths(understood: Understood) -> None:
    fewest, most = COMMANDS[understood.command]
    if len(understood.paths) < fewest or (most is not None and len(understood.paths) > most):
        raise GrammarError(f"{len(understood.paths)} paths for {' '.join(understood.command)}")
    for path in understood.paths:
        if not _PATH.fullmatch(path):
            raise GrammarError(f"'{path}' is not a path of members")
        for other in understood.paths:
            if path.startswith(f"{other}."):
                raise GrammarError(f"'{path}' lies in '{other}'")


def _check_options(understood: Understood) -> None:
    given = understood.options
    for one, other in _EXCLUSIVE:
        if one in given and other in given:
            raise GrammarError(f"{one} cannot be used with {other}")
    for name, values in given.items():
        if len(values) > 1 and name not in _REPEATABLE:
            raise GrammarError(f"{name} cannot be used multiple times")
    for (colour,) in given.get("--color", ()):
        if colour not in {"auto", "always", "never"}:
            raise GrammarError(f"invalid value '{colour}' for --color")
    for name, reference in given.get("--override-input", ()):
        if not _PATH.fullmatch(name.replace("/", ".")) or not _FLAKE_REFERENCE.fullmatch(reference):
            raise GrammarError(f"--override-input {name} {reference}")
