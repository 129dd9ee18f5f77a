"""Parses the grammar of `clan`, built from `clan_cli.json`, which lists what the real parser registers.

`--flake`, `--debug` and `--option` exist on leaf commands only, as in the real tool, so `clan --flake P machines …` is
an error.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_DATA = Path(__file__).with_name("clan_cli.json")
_FLAGS, _DEST, _NARGS, _CHOICES, _DEFAULT = range(5)


def load() -> dict[str, Any]:
    """Returns the grammar as data: leaf commands with their options and positionals, aliases, exclusive groups."""
    data: dict[str, Any] = json.loads(_DATA.read_text())
    return data


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Parses a command line; `leaf` is the command's full name, or empty. Exits with 2 on errors, as argparse does."""
    parser = argparse.ArgumentParser(prog="clan", description="The clan cli tool (simulated)")
    parser.set_defaults(leaf="")
    _Commands(load(), frozenset(words)).add_to(parser, "", required=False)
    if not words:
        parser.print_help()
    return parser.parse_args(words)


class _Commands:
    """Registers the commands. To save time, commands whose name is not in the command line stay empty."""

    def __init__(self, data: Mapping[str, Any], words: frozenset[str]) -> None:
        self.data = data
        self.words = words

    def add_to(self, parser: argparse.ArgumentParser, prefix: str, required: bool) -> None:
        commands = parser.add_subparsers(title="command", required=required)
        leaves = self.data["leaves"]
        below = [leaf.removeprefix(prefix) for leaf in leaves if leaf.startswith(prefix)]
        for name in dict.fromkeys(leaf.split(" ")[0] for leaf in below):
            full = prefix + name
            aliases = self.data["aliases"].get(full, [])
            command = commands.add_parser(name, aliases=aliases)
            if self.words.isdisjoint([name, *aliases]):
                continue
            if full in leaves:
                command.set_defaults(leaf=full)
                _add_arguments(command, leaves[full], self.data["common"], self.data["exclusive"].get(full, []))
            else:
                self.add_to(command, f"{full} ", required=True)


def _add_arguments(
    parser: argparse.ArgumentParser,
    leaf: Mapping[str, Any],
    common: Sequence[Any],
    exclusive: Sequence[Mapping[str, Any]],
) -> None:
    groups = {}
    for entry in exclusive:
        group = parser.add_mutually_exclusive_group(required=entry["required"])
        groups.update(dict.fromkeys(entry["of"], group))
    for dest, nargs, choices in leaf.get("positionals", []):
        default: list[str] | None = [] if nargs == "*" else None
        groups.get(dest, parser).add_argument(dest, nargs=nargs, choices=choices, default=default)
    for option in [*leaf.get("options", []), *common]:
        groups.get(option[_DEST], parser).add_argument(*_flags(option), **_keywords(option))


def _flags(option: Sequence[Any]) -> list[str]:
    """Returns an option's spellings. argparse itself adds the `--no-` spelling of a boolean switch."""
    return [flag for flag in option[_FLAGS] if not (option[_NARGS] == 0 and _is_negation(flag, option))]


def _is_negation(flag: str, option: Sequence[Any]) -> bool:
    return flag.startswith("--no-") and f"--{flag.removeprefix('--no-')}" in option[_FLAGS]


def _keywords(option: Sequence[Any]) -> dict[str, Any]:
    if option[_NARGS] == 0:
        both_ends = len(_flags(option)) < len(option[_FLAGS])
        action: Any = argparse.BooleanOptionalAction if both_ends else "store_true"
        return {"dest": option[_DEST], "action": action, "default": option[_DEFAULT]}
    keywords = {"dest": option[_DEST], "nargs": option[_NARGS], "default": option[_DEFAULT]}
    if option[_CHOICES]:
        keywords["choices"] = option[_CHOICES]
    if option[_DEFAULT] == [] and option[_NARGS] != "+":
        keywords["action"] = "append"
    return keywords
