"""How the simulated `nix copy` talks to the simulated `nix-daemon --stdio`: JSON lines and file contents.

The client offers paths; the daemon says which it misses; each of those comes as a head line and the files one after
the other. This is not Nix's protocol, and either side refuses the real one.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_MAGIC = "simulated-nix-store"


@dataclass(frozen=True)
class Head:
    """What follows for one store path: its files with name, whether they are executable, and size in bytes."""

    path: str
    files: tuple[tuple[str, bool, int], ...]


def offer(paths: Sequence[str]) -> bytes:
    """The client's first line."""
    return json.dumps({"protocol": _MAGIC, "paths": list(paths)}).encode() + b"\n"


def parse_offer(line: bytes) -> list[str]:
    """The paths offered. Raises `ValueError` for anything else than our own client."""
    message = json.loads(line)
    if message["protocol"] != _MAGIC:
        raise ValueError(message["protocol"])
    return list(message["paths"])


def pack(path: str, folder: Path) -> bytes:
    """A store path as it is sent: its head line and its files."""
    files, contents = [], []
    for top, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            file = Path(top) / name
            content = file.read_bytes()
            files.append((file.relative_to(folder).as_posix(), os.access(file, os.X_OK), len(content)))
            contents.append(content)
    return json.dumps({"path": path, "files": files}).encode() + b"\n" + b"".join(contents)


def parse_head(line: bytes) -> Head:
    """The head line of a store path."""
    message = json.loads(line)
    return Head(message["path"], tuple((name, executable, size) for name, executable, size in message["files"]))
