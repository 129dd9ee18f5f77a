"""What can be completed on each command line, read from the parsers."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fediversity.cli.commands import COMMANDS
from fediversity.cli.parsers import command_parser

Kind = Literal["choices", "stack", "machine", "file", "text"]


@dataclass(frozen=True)
class Value:
    """What stands at one place of a command line. `text` is what only a person knows."""

    kind: Kind
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Option:
    """An option, by all its spellings. Without a value it is a switch."""

    flags: tuple[str, ...]
    purpose: str
    value: Value | None


@dataclass(frozen=True)
class CommandLine:
    """A command with its verb, as in `("state", "init")`. The last positional may be repeated."""

    words: tuple[str, ...]
    purpose: str
    options: tuple[Option, ...]
    positionals: tuple[Value, ...]
    repeats: bool
    verbs: tuple[str, ...] = ()


def command_lines() -> tuple[CommandLine, ...]:
    """Every command, and each verb of those that have verbs."""
    return tuple(line for name, purpose in COMMANDS.items() for line in _lines((name,), purpose, command_parser(name)))


def options_with_a_value(lines: tuple[CommandLine, ...]) -> tuple[str, ...]:
    """The options whose value is the next word, of all commands together."""
    flags = {flag for line in lines for option in line.options if option.value for flag in option.flags}
    return tuple(sorted(flags))


def _lines(words: tuple[str, ...], purpose: str, parser: argparse.ArgumentParser) -> Iterator[CommandLine]:
    options: list[Option] = []
    positionals: list[Value] = []
    verbs: dict[str, argparse.ArgumentParser] = {}
    purposes: dict[str, str] = {}
    repeats = False
    # argparse has no public way to ask a parser for its arguments.
    for action in parser._actions:
        if action.help == argparse.SUPPRESS:
            continue
        if isinstance(action, argparse._SubParsersAction):
            verbs = dict(action.choices)
            purposes = {choice.dest: choice.help or "" for choice in action._choices_actions}
        elif action.option_strings:
            value = None if action.nargs == 0 else _value(action)
            options.append(Option(tuple(action.option_strings), action.help or "", value))
        else:
            positionals.append(_value(action))
            repeats = action.nargs in ("*", "+")
    yield CommandLine(words, purpose, tuple(options), tuple(positionals), repeats, tuple(verbs))
    for verb, below in verbs.items():
        yield from _lines((*words, verb), purposes[verb], below)


def _value(action: argparse.Action) -> Value:
    if action.choices is not None:
        return Value("choices", tuple(str(choice) for choice in action.choices))
    if action.dest == "stack":
        return Value("stack")
    if action.dest in ("machine", "machines"):
        return Value("machine")
    return Value("file" if action.type is Path else "text")
