"""Fingerprints: what a machine's configuration reads, as one hash (DESIGN, decision 5).

Without Nix a fingerprint cannot be a derivation path, so it is a SHA-256 over every file that the machine's
configuration reads: the flake's own entry files, the files that define the machine's module, every aspect those
files name (transitively), and the machine's slice of `fleet.json`. The search is by name and errs on the wide side:
a name mentioned is a name used. Editing a file that a machine does not read leaves its fingerprint alone.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ENTRY_FILES = ("flake.nix", "flake.lock")

_DEFINES = re.compile(
    r"flake\.modules\.(?P<cls>nixos|darwin|homeManager)\.(?:\"(?P<quoted>[^\"]+)\"|(?P<bare>[\w'-]+))\s*="
)
_WORD = re.compile(r"[A-Za-z_][\w'-]*")
_RELATIVE_PATH = re.compile(r"(?<![\w./])(\.{1,2}/[\w./-]+)")


@dataclass(frozen=True)
class FlakeSources:
    """The text of every file of a flake, by path relative to its root."""

    files: Mapping[str, bytes]

    @classmethod
    def read(cls, flake_dir: Path) -> "FlakeSources":
        """Reads the `.nix` files and the lock file below `flake_dir`. A folder that is not there reads as empty."""
        paths = [path for path in flake_dir.rglob("*.nix") if path.is_file()]
        paths += [
            flake_dir / name for name in ENTRY_FILES if (flake_dir / name).is_file() and not name.endswith(".nix")
        ]
        return cls({path.relative_to(flake_dir).as_posix(): path.read_bytes() for path in sorted(paths)})

    @cached_property
    def _definitions(self) -> Mapping[str, frozenset[str]]:
        """For each module name the files that contribute to it."""
        found: dict[str, set[str]] = {}
        for path, content in self.files.items():
            for match in _DEFINES.finditer(content.decode(errors="replace")):
                found.setdefault(match["quoted"] or match["bare"], set()).add(path)
        return {name: frozenset(paths) for name, paths in found.items()}

    @cached_property
    def _global_files(self) -> frozenset[str]:
        """Files every machine reads: the entry files, and modules that define no aspect of their own."""
        aspect_files = frozenset().union(*self._definitions.values()) if self._definitions else frozenset[str]()
        return frozenset(
            path
            for path in self.files
            if path in ENTRY_FILES or (path.startswith("modules/") and path not in aspect_files)
        )

    def read_by(self, machine: str) -> tuple[str, ...]:
        """The files the configuration of `machine` reads, sorted."""
        seen: set[str] = set(self._global_files)
        queue = [*self._machine_files(machine)]
        while queue:
            path = queue.pop()
            if path not in seen:
                seen.add(path)
                queue.extend(self._named_in(path))
        return tuple(sorted(seen))

    def _machine_files(self, machine: str) -> Iterable[str]:
        for name, paths in self._definitions.items():
            if name in (machine, f"machines/{machine}"):
                yield from paths

    def _named_in(self, path: str) -> Iterable[str]:
        text = self.files[path].decode(errors="replace")
        text = re.sub(r"#[^\n]*", "", text)
        for word in set(_WORD.findall(text)):
            yield from self._definitions.get(word, ())
        folder = Path(path).parent
        for reference in _RELATIVE_PATH.findall(text):
            target = Path(*_normal(folder / reference)).as_posix()
            yield from (name for name in self.files if name == target or name.startswith(f"{target}/"))


def _normal(path: Path) -> list[str]:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return parts


def inventory_slice(rendered: Mapping[str, Any], machine: str) -> dict[str, Any]:
    """What of the rendered fleet a machine's configuration reads: itself, and the instances it takes part in.

    An instance comes with the names of all its members, because clan's services configure a machine from who else
    takes part: sshd writes everybody's host keys, the zerotier controller admits every peer.
    """
    machines = rendered["machines"]
    instances = {}
    for name, instance in rendered["instances"].items():
        roles = {
            role: {"members": role_members(machines, definition), "settings": definition["settings"]}
            for role, definition in instance["roles"].items()
        }
        if any(machine in role["members"] for role in roles.values()):
            instances[name] = {"module": instance["module"], "roles": roles}
    return {
        "name": rendered["name"],
        "domain": rendered["domain"],
        "machine": {machine: machines[machine]},
        "instances": instances,
    }


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
