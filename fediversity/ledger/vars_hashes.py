"""Hashes of the vars and keys of a clan that a machine reads. Secrets are hashed as they are kept: encrypted.

A machine reads its own vars, all public shared ones, and the secrets with a `machines/` folder that names it: there
clan notes which machines can decrypt them (`clan_cli` of clan-core, sops backend).
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_DIGITS = 20


def vars_folder(flake: Path, state_dir: Path, *, simulated: bool) -> Path:
    """Returns the folder with `vars/` and `sops/`: the flake, or for a simulated clan one outside the repository."""
    return state_dir / "cloud" / "flake" if simulated else flake


def vars_hashes(folder: Path, machines: Iterable[str]) -> dict[str, dict[str, str]]:
    """Returns for each machine the hashes of the files that it reads, by path below `folder`. Reads each file once."""
    shared = list(_files(folder, "vars/shared", "sops/secrets"))
    hashes: dict[str, str] = {}

    def hashed(path: str) -> str:
        return hashes.get(path) or hashes.setdefault(path, _hash(folder / path))

    return {
        machine: {path: hashed(path) for path in (*_own(folder, machine), *_shared(folder, machine, shared))}
        for machine in machines
    }


def changed_vars(applied: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the applied files that are now different or gone. A new file was never applied, so it does not count.

    A new generator shows in the machine's configuration.
    """
    return tuple(sorted(path for path, digest in applied.items() if now.get(path) != digest))


def _own(folder: Path, machine: str) -> Iterator[str]:
    return _files(folder, f"vars/per-machine/{machine}", f"sops/machines/{machine}")


def _shared(folder: Path, machine: str, paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        above, _, name = path.rpartition("/")
        # Links tell who can decrypt a secret; their targets may have been renamed, so they need not exist.
        if (
            (name == "value" and path.startswith("vars/"))
            or above.endswith(f"/{machine}-age.key")
            or os.path.lexists(folder / above / "machines" / machine)
        ):
            yield path


def _files(folder: Path, *below: str) -> Iterator[str]:
    for name in below:
        for parent, _, files in os.walk(folder / name):
            for file in files:
                path = Path(parent, file)
                if not path.is_symlink():
                    yield path.relative_to(folder).as_posix()


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGITS]
    except FileNotFoundError:
        return "gone"  # Another step has just replaced it.
