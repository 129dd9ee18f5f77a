"""The difference between the system that a machine runs and its new one."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from fediversity.nix_eval.cache import EVALUATIONS, Cache
from fediversity.nix_eval.compare import compare, recipes
from fediversity.nix_eval.evaluate import Nix

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_SECONDS = 120.0
_NO_DOWNLOADS = ("--option", "substitute", "false")


@dataclass(frozen=True)
class Pair:
    """Two systems of one machine: their store paths and, where known, their derivations."""

    old: str
    new: str
    old_derivation: str | None
    new_derivation: str


@dataclass(frozen=True)
class Difference:
    """The differences as lines, or why they are unknown."""

    lines: tuple[str, ...] = ()
    why_not: str | None = None


def differences(nix: Nix, pairs: Mapping[str, Pair], *, at_once: int, cache: Cache) -> dict[str, Difference]:
    """Compares each machine's two systems: by content if both are in the store, else by their recipes.

    Builds and downloads nothing. The difference of two store paths never changes, so it is cached.
    """
    known = {name: Difference(tuple(lines)) for name, pair in pairs.items() if (lines := cache.get(_key(pair)))}
    asked = {name: pair for name, pair in pairs.items() if name not in known}
    found = _by_content(nix, asked, at_once)
    # One machine after the other: the derivations of one system can be tens of megabytes.
    found |= {name: _by_recipe(nix, pair) for name, pair in asked.items() if name not in found}
    for name, difference in found.items():
        if difference.lines:
            cache.put(_key(pairs[name]), difference.lines)
    return {name: (known | found)[name] for name in pairs}


def _by_content(nix: Nix, pairs: Mapping[str, Pair], at_once: int) -> dict[str, Difference]:
    commands = {
        name: nix.command("store", "diff-closures", *_NO_DOWNLOADS, pair.old, pair.new) for name, pair in pairs.items()
    }
    answers = nix.run_all(commands, at_once=at_once, seconds=_SECONDS).items()
    lines = {name: closure_lines(ended.stdout) for name, ended in answers if ended.status == 0}
    # Nix prints nothing where only settings differ; the recipes show those.
    return {name: Difference(found) for name, found in lines.items() if found}


def closure_lines(printed: str) -> tuple[str, ...]:
    """Returns the lines of `nix store diff-closures`, without colours."""
    return tuple(line for line in _COLOURS.sub("", printed).splitlines() if line.strip())


def _by_recipe(nix: Nix, pair: Pair) -> Difference:
    if pair.old_derivation is None:
        return Difference(why_not="the system that it runs was not evaluated on this computer")
    paths = {"it runs": pair.old_derivation, "it shall run": pair.new_derivation}
    commands = {which: nix.command("derivation", "show", "--recursive", path) for which, path in paths.items()}
    shown = nix.run_all(commands, at_once=len(commands), seconds=_SECONDS)
    for which, ended in shown.items():
        if ended.status != 0:
            gone = f"the recipe of the system that {which} has been removed from this computer's store"
            return Difference(why_not=f"{gone}; without {EVALUATIONS} the next plan evaluates anew")
    try:
        lines = compare(*(recipes(ended.stdout) for ended in shown.values()))
    except ValueError:
        return Difference(why_not="this version of Nix shows derivations in a form that is not known here")
    return Difference(lines or ("nothing but the order of things",))


def _key(pair: Pair) -> str:
    return hashlib.sha256(f"{pair.old}\0{pair.new}".encode()).hexdigest()
