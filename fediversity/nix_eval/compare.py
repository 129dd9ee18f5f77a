"""Compares two systems by the recipes (derivations) they are built from. Pure."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_STORE_NAME = re.compile(r"[0-9a-df-np-sv-z]{32}-([0-9A-Za-z+._?=-]+)")
_VERSION = re.compile(r"-(?=[^A-Za-z])")
_NONE, _UNNAMED = "∅", "ε"


@dataclass(frozen=True)
class Recipe:
    """One derivation as `nix derivation show` prints it; `path` is the base name of its path."""

    path: str
    content: Mapping[str, Any]

    @cached_property
    def name(self) -> str:
        """The full name, with the version."""
        return str(self.content.get("name") or _STORE_NAME.sub(r"\1", self.path).removesuffix(".drv"))

    @cached_property
    def made(self) -> str:
        """The outputs. Recipes with the same outputs count as one, even if their inputs differ."""
        outputs = self.content.get("outputs") or {}
        known = outputs and all(output.get("path") or output.get("hash") for output in outputs.values())
        return json.dumps(outputs, sort_keys=True) if known else self.path

    @property
    def is_download(self) -> bool:
        """Whether its content is fixed by a hash, as that of a downloaded source is."""
        return any(output.get("hash") for output in (self.content.get("outputs") or {}).values())

    @cached_property
    def itself(self) -> str:
        """The recipe without what it inherits: hashes and versions in the paths of its inputs and outputs."""
        own = {key: value for key, value in self.content.items() if key not in {"inputDrvs", "inputSrcs", "inputs"}}
        text = _STORE_NAME.sub(lambda found: split_name(found[1])[0], json.dumps(own, sort_keys=True))
        return json.dumps([text, sorted(self._inputs("inputSrcs", "srcs"))])

    @cached_property
    def inputs(self) -> frozenset[str]:
        """The recipes that it depends on, by the base names of their paths."""
        return self._inputs("inputDrvs", "drvs")

    def _inputs(self, old_key: str, new_key: str) -> frozenset[str]:
        paths = self.content.get(old_key) or (self.content.get("inputs") or {}).get(new_key) or ()
        return frozenset(path.rpartition("/")[2] for path in paths)


def recipes(shown: str) -> tuple[Recipe, ...]:
    """Parses the output of `nix derivation show --recursive`, of Nix before 2.32 and since.

    Raises ValueError if it is something else.
    """
    content = json.loads(shown)
    if isinstance(content, dict) and "version" in content and isinstance(content.get("derivations"), dict):
        content = content["derivations"]
    if not isinstance(content, dict) or not all(isinstance(entry, dict) for entry in content.values()):
        raise ValueError("not a table of derivations")
    return tuple(Recipe(path.rpartition("/")[2], entry) for path, entry in content.items())


def split_name(name: str) -> tuple[str, str]:
    """Splits a name from its version as Nix does: the version begins after the first dash before no letter."""
    found = _VERSION.search(name)
    return (name[: found.start()], name[found.end() :]) if found else (name, "")


def compare(old: Iterable[Recipe], new: Iterable[Recipe]) -> tuple[str, ...]:
    """Returns the differences as lines: changed versions first, then changed recipes, then how many follow."""
    old, new = tuple(old), tuple(new)
    before, after = _versions(old), _versions(new)
    moved = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    lines = [_version_line(name, before.get(name, set()), after.get(name, set())) for name in sorted(moved)]
    made_before = {recipe.made for recipe in old}
    fresh = [recipe for recipe in new if recipe.made not in made_before]
    names = {recipe.name for recipe in fresh}
    themselves_before = {recipe.itself for recipe in old if recipe.name in names}
    changed = [
        recipe for recipe in fresh if split_name(recipe.name)[0] not in moved and recipe.itself not in themselves_before
    ]
    # A changed version is listed already; that its download differs too goes without saying.
    told = {recipe.path for recipe in fresh if split_name(recipe.name)[0] in moved}
    told |= {recipe.path for recipe in changed if not recipe.is_download}
    users: dict[str, set[str]] = {}
    for recipe in fresh:
        for path in recipe.inputs:
            users.setdefault(path, set()).add(recipe.path)
    itself = {one.name for one in changed if not (one.is_download and users.get(one.path, {""}) <= told)}
    lines += [f"{name}: has changed" for name in sorted(itself)]
    told |= {recipe.path for recipe in changed}
    follow = {recipe.name for recipe in fresh if recipe.path not in told}
    if follow:
        lines.append(f"rebuilt in the same version because of that: {len(follow)}")
    return tuple(lines)


def _versions(of: Iterable[Recipe]) -> dict[str, set[str]]:
    """Returns the versions of each name. Downloads are left out: what is built from them has the version."""
    found: dict[str, set[str]] = {}
    for recipe in of:
        if not recipe.is_download:
            name, version = split_name(recipe.name)
            found.setdefault(name, set()).add(version)
    return found


def _version_line(name: str, before: set[str], after: set[str]) -> str:
    return f"{name}: {_shown(before - after)} → {_shown(after - before)}"


def _shown(versions: Iterable[str]) -> str:
    return ", ".join(sorted(version or _UNNAMED for version in versions)) or _NONE
