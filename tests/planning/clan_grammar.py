"""Whether a command line of clan's is one that clan would take, by the recorded grammar of its own parsers.

clan parses with argparse, so argparse is what checks here: one parser for each leaf of the record, with nothing but
what the record says and the pairs of options that exclude each other. What argparse cannot know (which values a host
or a variable's name may have) is checked on top.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from tests.contracts import clan

EXCLUSIVE: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "clan machines install": (("target_host", "json", "png"), ("identity_file", "password")),
    "clan ssh": (("json", "png"),),
}
"""Options of which one may be given at most; the record does not hold them."""

PHASES = ("kexec", "disko", "install", "reboot")
_VAR = re.compile(r"[a-zA-Z0-9_.-]+/[a-zA-Z0-9_.-]+")
_HOST = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")


class GrammarError(Exception):
    """A command line that the tool would refuse, or take for something else than was meant."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GrammarError(f"{self.prog}: {message}")


class ClanGrammar:
    """The recorded grammar of clan's command line."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self._leaves = {name: entry for name, entry in record.items() if "options" in entry}
        self._aliases = {name: entry.get("aliases", ()) for name, entry in record.items()}

    @classmethod
    def recorded(cls) -> "ClanGrammar":
        """The grammar that the project has a record of."""
        return cls(clan.commands(clan.recorded()))

    def check(self, words: Sequence[str]) -> argparse.Namespace:
        """What clan would understand. Raises GrammarError for a line it would refuse or misunderstand."""
        leaf, rest = self._leaf(words)
        given = self._parser(leaf).parse_args(rest)
        if getattr(given, "target_host", None):
            check_target(given.target_host)
        if getattr(given, "phases", None):
            _check_phases(given.phases)
        if leaf in {"clan vars get", "clan vars set"} and not _VAR.fullmatch(given.var_id):
            raise GrammarError(f"{leaf}: '{given.var_id}' is not generator/file")
        return given

    def _leaf(self, words: Sequence[str]) -> tuple[str, list[str]]:
        name = "clan"
        for index, word in enumerate(words):
            if word.startswith("-"):
                raise GrammarError(f"'{word}' stands before the command it belongs to: options go to the leaf only")
            name = self._full(f"{name} {word}")
            if name in self._leaves:
                return name, list(words[index + 1 :])
        raise GrammarError(f"no such command: {' '.join(words)}")

    def _full(self, name: str) -> str:
        parent, _, last = name.rpartition(" ")
        for known, aliases in self._aliases.items():
            if known.rpartition(" ")[0] == parent and last in aliases:
                return known
        return name

    def _parser(self, leaf: str) -> argparse.ArgumentParser:
        parser = _Parser(prog=leaf, allow_abbrev=False, add_help=False)
        groups: dict[str, argparse._MutuallyExclusiveGroup] = {}
        for members in EXCLUSIVE.get(leaf, ()):
            group = parser.add_mutually_exclusive_group()
            groups |= dict.fromkeys(members, group)
        for option in self._leaves[leaf]["options"]:
            target = groups.get(option["dest"], parser)
            target.add_argument(*option["flags"], dest=option["dest"], **_nature(option))
        for positional in self._leaves[leaf]["positionals"]:
            parser.add_argument(positional["dest"], nargs=positional["nargs"], choices=positional["choices"])
        return parser


def _nature(option: Mapping[str, Any]) -> dict[str, Any]:
    required = {"required": True} if option["required"] else {}
    if option["nargs"] == 0:
        return {"action": "store_true", **required}
    if option["nargs"] == 2:
        return {"nargs": 2, "action": "append", **required}
    return {"nargs": option["nargs"], "choices": option["choices"], **required}


def check_target(text: str) -> dict[str, str]:
    """The parts of `[ssh://][user@]host[:port][?option=value&…]`. Raises GrammarError for anything else."""
    endpoint, _, options = text.removeprefix("ssh://").partition("?")
    user, at, place = endpoint.rpartition("@")
    host, port = place, ""
    if not place.endswith("]"):
        head, colon, tail = place.rpartition(":")
        host, port = (head, tail) if colon else (place, "")
    if (at and not user) or "@" in user:
        raise GrammarError(f"'{text}': one user, or none")
    if not _HOST.fullmatch(host):
        raise GrammarError(f"'{text}': '{host}' is not a host; an IPv6 address stands in brackets")
    if (port or place.endswith(":")) and not (port.isdecimal() and 0 < int(port) <= 65535):
        raise GrammarError(f"'{text}': '{port}' is not a port")
    parts = {"user": user or "root", "host": host, "port": port}
    for option in options.split("&") if options else ():
        name, equals, value = option.partition("=")
        if not (name and equals and value):
            raise GrammarError(f"'{text}': '{option}' is not option=value")
        if name in parts:
            raise GrammarError(f"'{text}': {name} twice")
        parts[name] = value
    return parts


def _check_phases(text: str) -> None:
    phases = text.split(",")
    if not set(phases) <= set(PHASES) or phases != sorted(phases, key=PHASES.index):
        raise GrammarError(f"'{text}' are not phases of the installer, in its order: {','.join(PHASES)}")
