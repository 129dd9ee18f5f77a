"""Fingerprints: what a machine's configuration reads, as one hash.

Without Nix a fingerprint cannot be a derivation path, so it is a SHA-256 over every file that the machine's
configuration reads: the flake's own files that define no module for machines, the files that define the machine's
module, every aspect of its class that those name and every file they point at (transitively), and the machine's slice
of `fleet.json`. The search is by name (`nixos.base`; any word where `with` or `inherit` opens a class) and errs on the
wide side: a name mentioned is a name used. What it cannot see is a name that is computed. Editing a file that a machine
does not read leaves its fingerprint alone.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from fediversity.fleet.files import FLEET_JSON

ENTRY_FILES = ("flake.nix", "flake.lock")

_MODULES = "modules/"
"""Every `.nix` file below this folder is a module of the flake (the dendritic pattern)."""

_MACHINE_PREFIX = "machines/"
_SHARED_CLASSES = frozenset({"generic", "homeManager"})
"""Classes whose modules machines of every class import."""

_NOT_READ = frozenset({"vars", "sops", "result"})
"""Folders that hold generated values and their keys: clan brings them to the machines, not the modules."""

_NAME = r"(?:\"(?P<quoted>[^\"]+)\"|(?P<bare>[\w'-]+))"
_DEFINES = re.compile(rf"flake\.modules\.(?P<cls>\w+)\.{_NAME}(?:\.[\w.\"'-]+)?\s*=(?!=)")
_DEFINES_A_GROUP = re.compile(r"flake\.modules(\.\w+)?\s*=(?!=)|(?<![\w.])flake\s*=\s*\{")
"""Definitions whose names cannot be told without parsing Nix: their file counts as read by every machine."""

_NAMED = re.compile(rf"(?<![\w-])(?:nixos|darwin|homeManager|generic)\.{_NAME}")
"""A module named with its class: `nixos.base`, `modules.homeManager."shell"`."""

_OPENED = re.compile(
    r"\bwith\b[^;\"\n]*\b(?:modules|nixos|darwin|homeManager|generic)\b[^;\"\n]*;"
    r"|\binherit\s*\([^)]*\bmodules\.(?:nixos|darwin|homeManager|generic)\s*\)"
)
"""A class whose modules are then named without it: any word of the file may be such a name."""

_GENERATORS = re.compile(r"\bvars\.generators\b|\w*[gG]enerators\b\s*=")
"""Defining generators of vars, or functions that make some."""

_PER_SYSTEM = re.compile(r"^\s*perSystem\b[\w.]*\s*=", re.MULTILINE)
_ANYTHING_ELSE = re.compile(
    r"^\s*(?:config|fleet|fleetLib|flake|imports|nixops4|nixpkgsTree|options|systems)\b[\w.\"'-]*\s*=(?!=)",
    re.MULTILINE,
)
"""Definitions at the top of a module. A module that has none but `perSystem` makes packages, shells and checks: things
for people, which no machine reads."""

_COMMENT = re.compile(r"(?<![^\s;{}()\[\]])#[^\n]*")
_WORD = re.compile(r"[A-Za-z_][\w'-]*")
_QUOTED = re.compile(r"\"([^\"$\n]+)\"")
_RELATIVE_PATH = re.compile(r"(?<![\w./])(\.{1,2}/[\w./-]*)")


@dataclass(frozen=True)
class FlakeSources:
    """The content of every file of a flake, by path relative to its root."""

    files: Mapping[str, bytes]

    @classmethod
    def read(cls, flake_dir: Path) -> "FlakeSources":
        """Reads the files below `flake_dir` that a configuration may read. A folder that is not there reads as empty.

        `fleet.json` is left out: of it a machine reads its slice. So is a folder that is a flake of its own.
        """
        paths = {path.relative_to(flake_dir): path for path in flake_dir.rglob("*") if not path.is_symlink()}
        flakes = frozenset(inside.parent for inside in paths if inside.name == "flake.nix") - {Path()}
        return cls(
            {
                inside.as_posix(): path.read_bytes()
                for inside, path in sorted(paths.items())
                if path.is_file() and _may_be_read(inside) and flakes.isdisjoint(inside.parents)
            }
        )

    @cached_property
    def generators(self) -> str:
        """A hash of the modules that define generators of vars: with other ones there are other vars to generate."""
        digest = hashlib.sha256()
        for path, text in sorted(self._texts.items()):
            if path.startswith(_MODULES) and _GENERATORS.search(text):
                digest.update(f"{path}\0{len(text)}\0{text}".encode())
        return digest.hexdigest()

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        """The Nix files without their comments."""
        return {
            path: _COMMENT.sub("", content.decode(errors="replace"))
            for path, content in self.files.items()
            if path.endswith(".nix")
        }

    @cached_property
    def _definitions(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """For each class and module name the files that contribute to it."""
        found: dict[tuple[str, str], set[str]] = {}
        for path, text in self._texts.items():
            for match in _DEFINES.finditer(text):
                found.setdefault((match["cls"], match["quoted"] or match["bare"]), set()).add(path)
        return {name: frozenset(paths) for name, paths in found.items()}

    @cached_property
    def _global_files(self) -> frozenset[str]:
        """Files every machine reads: the entry files, and modules that define nothing for machines by name."""
        by_name = frozenset().union(*self._definitions.values()) if self._definitions else frozenset[str]()
        modules = frozenset(path for path in self._texts if path.startswith(_MODULES) and not self._is_for_people(path))
        groups = frozenset(path for path in modules if _DEFINES_A_GROUP.search(self._texts[path]))
        return (modules - by_name) | groups | (self.files.keys() & set(ENTRY_FILES))

    def _is_for_people(self, path: str) -> bool:
        text = self._texts[path]
        return bool(_PER_SYSTEM.search(text)) and not _ANYTHING_ELSE.search(text)

    def read_by(self, machine: str) -> tuple[str, ...]:
        """The files the configuration of `machine` reads, sorted."""
        own = {key: paths for key, paths in self._definitions.items() if _is_module_of(machine, key[1])}
        classes = {cls for cls, _ in own} | _SHARED_CLASSES
        aspects: dict[str, set[str]] = {}
        for (cls, name), paths in self._definitions.items():
            if cls in classes and not name.startswith(_MACHINE_PREFIX):
                aspects.setdefault(name, set()).update(paths)
        seen: set[str] = set()
        queue = [*self._global_files, *(path for paths in own.values() for path in paths)]
        while queue:
            path = queue.pop()
            if path not in seen:
                seen.add(path)
                queue += [found for name in self._names_in(path) for found in aspects.get(name, ())]
                queue += self._pointed_at_by(path)
        return tuple(sorted(seen))

    def _names_in(self, path: str) -> set[str]:
        text = self._texts.get(path, "")
        if _OPENED.search(text):
            return {*_WORD.findall(text), *_QUOTED.findall(text)}
        return {match["quoted"] or match["bare"] for match in _NAMED.finditer(text)}

    def _pointed_at_by(self, path: str) -> Iterator[str]:
        """The files that a Nix file names by a relative path, itself or with a folder around them."""
        for reference in _RELATIVE_PATH.findall(self._texts.get(path, "")):
            target = _normal(PurePosixPath(path).parent / reference)
            for other in self.files:
                # An entry file points at the whole of modules/; who reads what there is decided by name.
                of_all = path in self._global_files and other.startswith(_MODULES)
                if not of_all and (target in {".", other} or other.startswith(f"{target}/")):
                    yield other


def _may_be_read(path: Path) -> bool:
    parts = path.parts
    return not (parts[0] in _NOT_READ or path.as_posix() == FLEET_JSON or any(part.startswith(".") for part in parts))


def _is_module_of(machine: str, name: str) -> bool:
    """Whether a module of that name is the machine's own, as `cinnabar` and `machines/nixos/cinnabar` are."""
    return name == machine or (name.startswith(_MACHINE_PREFIX) and name.endswith(f"/{machine}"))


def _normal(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts) or "."


def inventory_slice(rendered: Mapping[str, Any], machine: str) -> dict[str, Any]:
    """What of the rendered fleet a machine's configuration reads: itself, its instances, and what is deployed on it.

    An instance comes with the names of all its members, because clan's services configure a machine from who else
    takes part: sshd writes everybody's host keys, the zerotier controller admits every peer. Macs take part in a mesh
    without a role in it: they know the others by name, and its controller admits them.
    """
    machines = rendered["machines"]
    instances = {}
    for name, instance in rendered["instances"].items():
        roles = {
            role: {"members": role_members(machines, definition), "settings": definition["settings"]}
            for role, definition in instance["roles"].items()
        }
        joined = sorted(other for other, entry in machines.items() if entry.get("mesh") == name)
        if machine in joined or any(machine in role["members"] for role in roles.values()):
            instances[name] = {"module": instance["module"], "roles": roles, "joined": joined}
    return {
        "name": rendered["name"],
        "domain": rendered["domain"],
        "machine": {machine: machines[machine]},
        "instances": instances,
        "deployments": deployments_on(rendered, machine),
    }


def deployments_on(rendered: Mapping[str, Any], machine: str) -> dict[str, str]:
    """The deployments on a machine and their applications: all that its own update has to know of them.

    What they are asked to be is applied by themselves; but one that is no longer there can only be taken down by an
    update of its machine.
    """
    entries = rendered["deployments"].items()
    return {name: entry["application"] for name, entry in sorted(entries) if entry["machine"] == machine}


def role_members(machines: Mapping[str, Any], role: Mapping[str, Any]) -> list[str]:
    """The machines of a rendered fleet that hold a role, by name or by tag, sorted."""
    tags = set(role["tags"])
    return sorted(name for name, entry in machines.items() if name in role["machines"] or tags & set(entry["tags"]))


def fingerprint(sources: FlakeSources, rendered: Mapping[str, Any], machine: str) -> str:
    """The fingerprint of one machine: 64 hexadecimal digits (SHA-256)."""
    digest = hashlib.sha256()
    for path in sources.read_by(machine):
        content = sources.files[path]
        digest.update(f"{path}\0{len(content)}\0".encode())
        digest.update(content)
    digest.update(json.dumps(inventory_slice(rendered, machine), sort_keys=True).encode())
    return digest.hexdigest()


def machine_fingerprint(flake_dir: Path, rendered: Mapping[str, Any], machine: str) -> str:
    """Reads the flake and gives the fingerprint of one machine. For several machines read the sources once."""
    return fingerprint(FlakeSources.read(flake_dir), rendered, machine)


def fingerprints(flake_dir: Path, rendered: Mapping[str, Any]) -> dict[str, str]:
    """The fingerprint of every machine of a rendered fleet; the flake is read once."""
    sources = FlakeSources.read(flake_dir)
    return {machine: fingerprint(sources, rendered, machine) for machine in rendered["machines"]}
