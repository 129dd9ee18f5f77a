"""A cache of evaluations, by the hash of their inputs."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fediversity.nix_eval.evaluate import System
from fediversity.support.files import write_atomically
from fediversity.support.layout import FOLDER

EVALUATIONS = Path(FOLDER, "cache", "derivations")
DIFFERENCES = Path(FOLDER, "cache", "differences")
FINGERPRINTS = Path(FOLDER, "cache", "fingerprints")
"""The folders of the caches, relative to the project's folder. What is removed there is evaluated again."""

_KEPT = 20
_FORMAT = "1"


class Cache:
    """A folder of JSON files by key that keeps the most recently used. An unreadable file counts as absent."""

    def __init__(self, folder: Path, kept: int = _KEPT) -> None:
        self.folder = folder
        self._kept = kept

    def get(self, key: str) -> Any:
        """Returns what is stored under a key, None if nothing is. Counts as a use."""
        content = self.peek(key)
        if content is not None:
            with contextlib.suppress(OSError):
                os.utime(self._file(key))
        return content

    def peek(self, key: str) -> Any:
        """Returns what is stored under a key, None if nothing is. Does not count as a use."""
        try:
            return json.loads(self._file(key).read_text())
        except (OSError, ValueError, RecursionError):
            return None

    def put(self, key: str, content: Any) -> None:
        """Stores JSON under a key, as a whole or not at all, and removes the least recently used.

        If the disk is full or read-only, nothing is stored and the run goes on.
        """
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file(key), json.dumps(content))
            for file in self._newest_first()[self._kept :]:
                file.unlink(missing_ok=True)

    def __iter__(self) -> Iterator[str]:
        """Yields the stored keys, most recently used first."""
        yield from (file.stem for file in self._newest_first())

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _newest_first(self) -> list[Path]:
        found = []
        for file in self.folder.glob("[!.]*.json"):
            with contextlib.suppress(OSError):
                found.append((file.stat().st_mtime_ns, file))
        return [file for _, file in sorted(found, reverse=True)]


class Evaluations:
    """The systems that were evaluated before, of the present flake and of earlier ones."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def systems(self, key: str) -> dict[str, System]:
        """Returns the systems of the flake with this key. Failed evaluations are not stored."""
        return dict(_systems(self._cache.get(key)))

    def store(self, key: str, systems: Mapping[str, System]) -> None:
        """Stores the systems of the flake with this key."""
        self._cache.put(key, {name: asdict(system) for name, system in systems.items()})

    def derivation_of(self, output: str) -> str | None:
        """Returns the derivation that builds the system with this store path, if it was ever evaluated."""
        for key in self._cache:
            # Without counting as a use: only the entry with the wanted system shall stay.
            for _, system in _systems(self._cache.peek(key)):
                if system.output == output:
                    self._cache.get(key)
                    return system.derivation
        return None


def _systems(content: Any) -> Iterator[tuple[str, System]]:
    for name, entry in content.items() if isinstance(content, dict) else ():
        with contextlib.suppress(TypeError):
            yield name, System(**entry)


def evaluation_key(flake: Path, program: str) -> str:
    """Returns a hash of what an evaluation depends on: the flake's files, its lock among them, and the Nix program.

    Nix is identified by its file: asking for its version would take longer than all the rest.
    """
    file, computer = Path(program).resolve(), os.uname()
    facts = file.stat()
    words = (_FORMAT, tree_hash(flake), file, facts.st_size, facts.st_mtime_ns, computer.sysname, computer.machine)
    return hashlib.sha256("\0".join(map(str, words)).encode()).hexdigest()


def tree_hash(flake: Path) -> str:
    """Returns a hash of every file that Nix reads of a `path:` flake: name, content, whether it is executable.

    Includes the vars, because configurations read the public ones. Leaves out what git and builds put there.
    """
    digest = hashlib.sha256()
    for path, inside in _files(flake, ""):
        if path.is_symlink():
            kind, content = "link", os.fsencode(path.readlink())
        else:
            kind, content = "run" if path.stat().st_mode & 0o100 else "file", path.read_bytes()
        digest.update(f"{inside}\0{kind}\0{len(content)}\0".encode(errors="surrogateescape"))
        digest.update(content)
    return digest.hexdigest()


def _files(folder: Path, inside: str) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.iterdir()):
        name = f"{inside}{path.name}"
        of_a_build = path.is_symlink() and (name == "result" or name.startswith("result-"))
        if name == ".git" or of_a_build:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _files(path, f"{name}/")
        else:
            yield path, name
