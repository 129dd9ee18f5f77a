"""What of a clan's vars and keys concerns a machine, as hashes of the files as they are kept: secrets stay encrypted.

A machine reads its own vars, the public shared ones (any machine may, so all count for each), and the secrets whose
`machines/` folder names it, which is where clan notes who can decrypt them (`clan_cli` of clan-core, sops backend).
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_DIGITS = 20


def vars_folder(flake: Path, state_dir: Path, *, simulated: bool) -> Path:
    """The folder that `vars/` and `sops/` lie in: the flake's. A simulated clan writes nothing into the repository."""
    return state_dir / "cloud" / "flake" if simulated else flake


def vars_hashes(folder: Path, machines: Iterable[str]) -> dict[str, dict[str, str]]:
    """For each machine the hash of every file that concerns it, by path below `folder`. Each file is read once."""
    shared = list(_files(folder, "vars/shared", "sops/secrets"))
    hashes: dict[str, str] = {}

    def hashed(path: str) -> str:
        return hashes.get(path) or hashes.setdefault(path, _hash(folder / path))

    return {
        machine: {path: hashed(path) for path in (*_own(folder, machine), *_shared(folder, machine, shared))}
        for machine in machines
    }


def changed_vars(given: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """The files that a machine was given and that are others now, or gone. What is new was never given, so it is none.

    A generator that is added shows in the machine's configuration.
    """
    return tuple(sorted(path for path, digest in given.items() if now.get(path) != digest))


def _own(folder: Path, machine: str) -> Iterator[str]:
    return _files(folder, f"vars/per-machine/{machine}", f"sops/machines/{machine}")


def _shared(folder: Path, machine: str, paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        above, _, name = path.rpartition("/")
        # Who can decrypt a secret is told by links, and where they lead to may have been renamed.
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
        return "gone"  # Another step of this moment has replaced it by a new one.
