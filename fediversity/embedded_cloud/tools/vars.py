"""Stores the vars of a clan and runs their generators.

The names of generators and files are those of clan-core (d7c35d91, `clanServices/` and `docs/embeds/initrd.nix`).
Values are stored where the real clan keeps them, below `vars/`. The simulation does not encrypt secrets; they are only
private to their owner.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fediversity.embedded_cloud.tools.log import print_lines
from fediversity.support.files import PRIVATE, write_atomically
from fediversity.support.locks import locked


@dataclass(frozen=True)
class File:
    """A file of a generator. `needed_for` is clan's: partitioning, activation, users or services."""

    name: str
    secret: bool = True
    deploy: bool = True
    needed_for: str = "services"


Inputs = Mapping[str, bytes]
"""The files of a generator's dependencies, by `generator/file`."""


@dataclass(frozen=True)
class Generator:
    """A generator of vars. `machine` is None if it is shared; `make` returns the content of every file."""

    name: str
    machine: str | None
    files: tuple[File, ...]
    make: Callable[[Inputs], Mapping[str, bytes]]
    needs: tuple["Generator", ...] = ()

    @property
    def folder(self) -> str:
        """The folder relative to `vars/`, and to `/run/secrets/vars/` on the machine."""
        return f"per-machine/{self.machine}/{self.name}" if self.machine else f"shared/{self.name}"


@dataclass(frozen=True)
class Store:
    """The vars of a flake, below `overlay/vars`."""

    overlay: Path

    def path(self, generator: Generator, file: File) -> Path:
        """Returns the path of a var: a file in the var's folder, named `secret` or `value`."""
        return self.overlay / "vars" / generator.folder / file.name / ("secret" if file.secret else "value")

    def exists(self, generator: Generator) -> bool:
        """Returns whether every file of a generator exists."""
        return all(self.path(generator, file).is_file() for file in generator.files)

    def read(self, generator: Generator, file: File) -> bytes:
        """Returns the value of a var."""
        return self.path(generator, file).read_bytes()

    def write(self, generator: Generator, file: File, value: bytes) -> None:
        """Sets a var atomically: readers never see a partial value."""
        path = self.path(generator, file)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, value, mode=PRIVATE)

    def link_recipients(self, generators: Sequence[Generator], users: Mapping[str, list[str]]) -> None:
        """Links the keys of the machines that can decrypt a deployed secret beside it, as clan does."""
        for generator in generators:
            for file in generator.files:
                folder = self.path(generator, file).parent / "machines"
                if not (file.secret and file.deploy and folder.parent.is_dir()):
                    continue
                folder.mkdir(mode=0o700, exist_ok=True)
                up = "../" * len((folder.relative_to(self.overlay)).parts)
                for machine in users.get(generator.folder, ()):
                    with suppress(FileExistsError):
                        (folder / machine).symlink_to(f"{up}sops/machines/{machine}")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lets one tool at a time change the flake, as the real tool does with its lock on `.git/clan.lock`."""
        self.overlay.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(self.overlay / ".clan.lock"):
            yield


def generate(store: Store, generators: Sequence[Generator], users: Mapping[str, list[str]], regenerate: bool) -> int:
    """Runs the generators with missing vars, or all of them, after their dependencies. Returns the number that ran.

    `users` maps each folder to the machines that have the generator, for the log.
    """
    if not regenerate and all(map(store.exists, generators)):
        store.link_recipients(generators, users)
        return 0
    with store.locked():
        done: set[str] = set()
        ran = sum(_run(store, generator, users, regenerate, done) for generator in generators)
    store.link_recipients(generators, users)
    return ran


def _run(store: Store, generator: Generator, users: Mapping[str, list[str]], regenerate: bool, done: set[str]) -> int:
    if generator.folder in done:
        return 0
    done.add(generator.folder)
    ran = sum(_run(store, needed, users, regenerate, done) for needed in generator.needs)
    # Outputs are generated again if their inputs are new: a certificate of the previous host key would be useless.
    if store.exists(generator) and not regenerate and not ran:
        return 0
    inputs = {
        f"{needed.name}/{file.name}": store.read(needed, file) for needed in generator.needs for file in needed.files
    }
    values = generator.make(inputs)
    for file in generator.files:
        _log(generator, file, values[file.name], users.get(generator.folder, []))
        store.write(generator, file, values[file.name])
    return ran + 1


def _log(generator: Generator, file: File, value: bytes, machines: list[str]) -> None:
    label = f"{generator.name}/{file.name} for machines: {', '.join(machines)}"
    prefix = generator.machine or "shared"
    print_lines(
        f"Updated secret var {label}" if file.secret else f"Updated var {label}\n  new: {value.decode()}", prefix
    )
