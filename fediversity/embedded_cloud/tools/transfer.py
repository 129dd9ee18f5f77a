"""Defines the protocol between the simulated `nix copy` and the simulated `nix-daemon --stdio`.

The client offers paths; the daemon answers with the missing ones; the client sends each as a JSON head line followed by
the files' contents. This is not Nix's protocol, and each side refuses the real one.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_MAGIC = "simulated-nix-store"


@dataclass(frozen=True)
class Head:
    """The head line of a store path: its files with name, whether they are executable, and size in bytes."""

    path: str
    files: tuple[tuple[str, bool, int], ...]


def offer(paths: Sequence[str]) -> bytes:
    """Returns the client's first line."""
    return json.dumps({"protocol": _MAGIC, "paths": list(paths)}).encode() + b"\n"


def parse_offer(line: bytes) -> list[str]:
    """Parses the offered paths. Raises `ValueError` for input that is not from the simulated client."""
    message = json.loads(line)
    if message["protocol"] != _MAGIC:
        raise ValueError(message["protocol"])
    return list(message["paths"])


def pack(path: str, folder: Path) -> bytes:
    """Returns a store path in the form that is sent: its head line and its files."""
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
    """Parses the head line of a store path."""
    message = json.loads(line)
    return Head(message["path"], tuple((name, executable, size) for name, executable, size in message["files"]))
