"""Implements the simulated Nix store: store paths, the flake's source, and adding paths to a store folder."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

STORE = "/nix/store"
_BASE32 = "0123456789abcdfghijklmnpqrsvwxyz"  # Nix's alphabet lacks e, o, u and t


def store_hash(digest: str) -> str:
    """Returns the 32 characters of a store path for a hexadecimal digest: its first 160 bits in Nix's base 32."""
    number = int(digest[:40], 16)
    return "".join(_BASE32[number >> shift & 31] for shift in range(155, -1, -5))


def store_path(digest: str, name: str) -> str:
    """Returns `/nix/store/<hash>-<name>`."""
    return f"{STORE}/{store_hash(digest)}-{name}"


def realise_source(flake_dir: Path, overlay: Path, store: Path) -> str:
    """Adds the flake's source to `store`, as the evaluation of a flake does, and returns its store path.

    The source consists of the flake's files, overlaid with the files that the simulated clan keeps in `overlay`: public
    vars, hardware reports and the inventory. Secret vars are left out: the real tree holds them in encrypted form only.
    """
    files = dict(sorted([*_flake_files(flake_dir), *_overlay_files(overlay)]))
    digest = hashlib.sha256()
    for name, path in files.items():
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    path_in_store = store_path(digest.hexdigest(), "source")
    _add(store, path_in_store, ((name, path.read_bytes()) for name, path in files.items()))
    return path_in_store


def _flake_files(flake_dir: Path) -> Iterator[tuple[str, Path]]:
    for folder, folders, names in os.walk(flake_dir):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "result")))
        for name in names:
            path = Path(folder) / name
            if not name.startswith((".", "result")) and path.is_file():
                yield path.relative_to(flake_dir).as_posix(), path


def _overlay_files(overlay: Path) -> Iterator[tuple[str, Path]]:
    candidates = [
        *overlay.glob("vars/**/value"),
        *overlay.glob("machines/*/facter.json"),
        *overlay.glob("inventory.json"),
    ]
    for path in candidates:
        yield path.relative_to(overlay).as_posix(), path


def _add(store: Path, path: str, files: Iterable[tuple[str, bytes]]) -> None:
    """Adds a store path atomically. Does nothing if it exists: store paths are immutable."""
    target = store / Path(path).name
    if target.exists():
        return
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".adding-", dir=store) as temporary:
        top = Path(temporary) / "path"
        top.mkdir()
        for name, content in files:
            file = top / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        try:
            top.rename(target)
        except OSError:
            if not target.exists():  # otherwise another tool added the same path in the meantime
                raise


def write_path(store: Path, path: str, files: Iterable[tuple[str, str, bool]]) -> None:
    """Writes a built store path from entries of name, text and whether the file is executable.

    An older build of the same path is replaced: in the simulation a system's path depends on the machine's fingerprint
    only, while its content also depends on public vars.
    """
    target = store / Path(path).name
    store.mkdir(mode=0o755, parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".building-", dir=store))
    temporary.chmod(0o755)
    for name, text, executable in files:
        file = temporary / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755 if executable else 0o644)
    shutil.rmtree(target, ignore_errors=True)
    temporary.rename(target)
