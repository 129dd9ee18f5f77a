"""Parses the subset of shell that simulated machines support: words, quotes, `&&`, `;` and the arguments of `bash -c`.

Pipes, redirections, substitutions, globs and background jobs are refused with an error that names them: a step must not
depend on syntax that the simulation would only appear to support.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal


class ShellError(Exception):
    """A line contains syntax that simulated machines do not support."""


@dataclass(frozen=True)
class Simple:
    """One simple command: its `NAME=value` words, its other words, and its connection to the previous command."""

    argv: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    connector: Literal[";", "&&"] = ";"


_REFUSED = {
    "|": "pipes",
    ">": "redirections",
    "<": "redirections",
    "`": "substitutions",
    "(": "subshells",
    ")": "subshells",
    "*": "globs",
    "?": "globs",
    "[": "globs",
    "{": "groups",
    "}": "groups",
}
_REFUSED_FIRST = {"~": "home folders", "#": "comments"}


def parse(line: str, arguments: Sequence[str] = ()) -> list[Simple]:
    """Splits a line into simple commands. `arguments` are `$0`, `$1` and so on.

    Raises `ShellError`.
    """
    return _Parser(line, arguments).commands()


class _Parser:
    def __init__(self, line: str, arguments: Sequence[str]) -> None:
        self._line = line
        self._arguments = arguments
        self._at = 0
        self._words: list[str] = []
        self._plain: list[bool] = []  # whether each word began without a quote, so that NAME=value counts

    def commands(self) -> list[Simple]:
        commands: list[Simple] = []
        connector: Literal[";", "&&"] = ";"
        while True:
            self._words, self._plain = [], []
            separator = self._words_of_one_command()
            if self._words:
                commands.append(self._simple(connector))
            elif separator == "&&" or connector == "&&":
                raise self._refusal("an empty command")
            if separator is None:
                return commands
            connector = "&&" if separator == "&&" else ";"

    def _simple(self, connector: Literal[";", "&&"]) -> Simple:
        environment = {}
        words = list(zip(self._words, self._plain, strict=True))
        while words and words[0][1] and _is_assignment(words[0][0]):
            name, value = words.pop(0)[0].split("=", 1)
            environment[name] = value
        return Simple(tuple(word for word, _ in words), environment, connector)

    def _words_of_one_command(self) -> str | None:
        while self._at < len(self._line):
            character = self._line[self._at]
            if character in " \t":
                self._at += 1
            elif character in ";\n":
                self._at += 1
                return ";"
            elif self._line.startswith("&&", self._at):
                self._at += 2
                return "&&"
            else:
                self._word()
        return None

    def _word(self) -> None:
        if self._line.startswith('"$@"', self._at):
            self._at += 4
            self._words.extend(self._arguments[1:])
            self._plain.extend(False for _ in self._arguments[1:])
            return
        first = self._line[self._at]
        if first in _REFUSED_FIRST:
            raise self._refusal(_REFUSED_FIRST[first])
        self._plain.append(first not in "'\"\\")
        pieces: list[str] = []
        while self._at < len(self._line) and self._line[self._at] not in " \t;\n&":
            pieces.append(self._piece())
        if self._line.startswith("&", self._at) and not self._line.startswith("&&", self._at):
            raise self._refusal("background jobs")
        self._words.append("".join(pieces))

    def _piece(self) -> str:
        character = self._line[self._at]
        if character == "'":
            return self._single_quoted()
        if character == '"':
            return self._double_quoted()
        if character == "\\":
            self._at += 2
            return self._line[self._at - 1 : self._at]
        if character == "$":
            raise self._refusal("variables outside double quotes")
        if character in _REFUSED:
            raise self._refusal(_REFUSED[character])
        self._at += 1
        return character

    def _single_quoted(self) -> str:
        end = self._line.find("'", self._at + 1)
        if end < 0:
            raise self._refusal("an open quote")
        text = self._line[self._at + 1 : end]
        self._at = end + 1
        return text

    def _double_quoted(self) -> str:
        pieces: list[str] = []
        self._at += 1
        while self._at < len(self._line):
            character = self._line[self._at]
            if character == '"':
                self._at += 1
                return "".join(pieces)
            pieces.append(self._inside_double_quotes(character))
        raise self._refusal("an open quote")

    def _inside_double_quotes(self, character: str) -> str:
        if character == "`":
            raise self._refusal("substitutions")
        if character == "$":
            digit = self._line[self._at + 1 : self._at + 2]
            if not digit.isdigit():
                raise self._refusal("variables other than arguments")
            self._at += 2
            return self._arguments[int(digit)] if int(digit) < len(self._arguments) else ""
        if character == "\\" and self._line[self._at + 1 : self._at + 2] in ('"', "\\", "$", "`"):
            self._at += 2
            return self._line[self._at - 1]
        self._at += 1
        return character

    def _refusal(self, construct: str) -> ShellError:
        return ShellError(f"simulated machines do not understand {construct}: {self._line}")


def _is_assignment(word: str) -> bool:
    name, separator, _ = word.partition("=")
    return bool(separator) and name.isidentifier()
