"""Writing files as a whole."""

import os
from pathlib import Path

PRIVATE = 0o600
"""The permissions of a file that only its owner can read."""


def write_atomically(path: Path, content: str | bytes, *, mode: int = 0o666) -> None:
    """Writes a file as a whole or not at all: another process reads the old content or the new, never a part.

    `mode` gives the permissions, from which the umask takes away. The folder must exist. Raises OSError and leaves
    nothing behind if the file cannot be written.
    """
    # Not `*.nix` or `*.json` meanwhile, and hidden: whatever reads a folder by such names must not find it.
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    data = content.encode() if isinstance(content, str) else content
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(data)
        os.replace(fresh, path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
