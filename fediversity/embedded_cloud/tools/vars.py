"""The vars of a clan: where they lie, which generators a machine has, and running them.

Names of generators and files are clan-core's (d7c35d91, `clanServices/` and `docs/embeds/initrd.nix`). Values lie
where the real clan keeps them, below `vars/`; a secret is not encrypted in the simulation, only private to its owner.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fediversity.embedded_cloud.tools.log import say
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
"""The files of the generators that one depends on, by `generator/file`."""


@dataclass(frozen=True)
class Generator:
    """What makes some vars. `machine` is None for a shared one; `make` gives the content of every file."""

    name: str
    machine: str | None
    files: tuple[File, ...]
    make: Callable[[Inputs], Mapping[str, bytes]]
    needs: tuple["Generator", ...] = ()

    @property
    def folder(self) -> str:
        """Relative to `vars/`, and to `/run/secrets/vars/` on the machine."""
        return f"per-machine/{self.machine}/{self.name}" if self.machine else f"shared/{self.name}"


@dataclass(frozen=True)
class Store:
    """The vars of a flake, below `overlay/vars`."""

    overlay: Path

    def path(self, generator: Generator, file: File) -> Path:
        """Where a var lies: a folder of its own with one file that says by its name whether it is secret."""
        return self.overlay / "vars" / generator.folder / file.name / ("secret" if file.secret else "value")

    def exists(self, generator: Generator) -> bool:
        """Whether every file of a generator is there."""
        return all(self.path(generator, file).is_file() for file in generator.files)

    def read(self, generator: Generator, file: File) -> bytes:
        """The value of a var."""
        return self.path(generator, file).read_bytes()

    def write(self, generator: Generator, file: File, value: bytes) -> None:
        """Sets a var at once: nobody ever reads half of one."""
        path = self.path(generator, file)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, value, mode=PRIVATE)

    def admit(self, generators: Sequence[Generator], users: Mapping[str, list[str]]) -> None:
        """Notes beside each deployed secret which machines can decrypt it, by links to their keys, as clan does."""
        for generator in generators:
            for file in generator.files:
                listed = self.path(generator, file).parent / "machines"
                if not (file.secret and file.deploy and listed.parent.is_dir()):
                    continue
                listed.mkdir(mode=0o700, exist_ok=True)
                up = "../" * len((listed.relative_to(self.overlay)).parts)
                for machine in users.get(generator.folder, ()):
                    with suppress(FileExistsError):
                        (listed / machine).symlink_to(f"{up}sops/machines/{machine}")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One tool at a time changes the flake, as the real one's lock on `.git/clan.lock` sees to."""
        self.overlay.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(self.overlay / ".clan.lock"):
            yield


def generate(store: Store, generators: Sequence[Generator], users: Mapping[str, list[str]], again: bool) -> int:
    """Runs the generators whose vars are missing, or all of them, after those they need; gives how many ran.

    `users` says for each folder which machines have the generator, for the log.
    """
    if not again and all(map(store.exists, generators)):
        store.admit(generators, users)
        return 0
    with store.locked():
        done: set[str] = set()
        ran = sum(_run(store, generator, users, again, done) for generator in generators)
    store.admit(generators, users)
    return ran


def _run(store: Store, generator: Generator, users: Mapping[str, list[str]], again: bool, done: set[str]) -> int:
    if generator.folder in done:
        return 0
    done.add(generator.folder)
    ran = sum(_run(store, needed, users, again, done) for needed in generator.needs)
    # What is made out of something new is made anew: a certificate of the host key before would be of no use.
    if store.exists(generator) and not again and not ran:
        return 0
    inputs = {
        f"{needed.name}/{file.name}": store.read(needed, file) for needed in generator.needs for file in needed.files
    }
    made = generator.make(inputs)
    for file in generator.files:
        _log(generator, file, made[file.name], users.get(generator.folder, []))
        store.write(generator, file, made[file.name])
    return ran + 1


def _log(generator: Generator, file: File, value: bytes, machines: list[str]) -> None:
    what = f"{generator.name}/{file.name} for machines: {', '.join(machines)}"
    prefix = generator.machine or "shared"
    say(f"Updated secret var {what}" if file.secret else f"Updated var {what}\n  new: {value.decode()}", prefix)
