"""`Project`: where a stack's files are, whatever the current folder is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fediversity.project.settings import Settings, SettingsError, with_plugins
from fediversity.project.stack_file import read_settings, stack_file, stacks
from fediversity.support.errors import RefusedError
from fediversity.support.layout import LEDGER_FILE
from fediversity.support.locks import locked


@dataclass(frozen=True)
class Project:
    """One stack of a checkout. `root` is the checkout's folder, where Pulumi and all steps are started."""

    root: Path
    settings: Settings

    @classmethod
    def open(cls, root: Path, stack: str, plugins: str | None = None) -> "Project":
        """Reads the settings of a stack; `plugins` are those of this one run, if not its own.

        Raises SettingsError if there is no such stack, or with everything that is wrong with its settings.
        """
        return cls(root, with_plugins(read_settings(stack, root), plugins))

    @property
    def stack(self) -> str:
        """The stack's name."""
        return self.settings.stack

    @property
    def stack_file(self) -> Path:
        """`Pulumi.<stack>.yaml`."""
        return stack_file(self.root, self.stack)

    @property
    def fleet_file(self) -> Path:
        """The fleet file. In messages it is called as the settings call it."""
        return self.root / self.settings.fleet_file

    @property
    def flake(self) -> Path:
        """The folder of the flake."""
        return self.root / self.settings.flake

    @property
    def folder(self) -> Path:
        """The stack's own folder: ledger, logs, known hosts, caps. It need not be there."""
        return self.root / self.settings.site.state_dir

    @property
    def ledger_file(self) -> Path:
        """The record of every step. It need not be there."""
        return self.folder / LEDGER_FILE

    @property
    def known_hosts(self) -> Path:
        """The folder with the pinned host key of each machine."""
        return self.folder / "known_hosts"

    def relative(self, path: Path) -> str:
        """A path as people know it: relative to the project's folder where it is in there."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    @contextmanager
    def only_run(self) -> Iterator[None]:
        """Keeps other `./just` in this checkout from working on the stack meanwhile.

        So recovery never cancels a run that has just begun. Raises SettingsError if there is no such stack, and
        RefusedError if another `./just` is at work.
        """
        try:
            with locked(self.stack_file, create=False, when_held=self._refuse):
                yield
        except FileNotFoundError as error:
            if error.filename != str(self.stack_file):
                raise
            known = ", ".join(stacks(self.root)) or "none"
            raise SettingsError(
                f"there is no stack {self.stack}: {self.stack_file.name} does not exist. Known: {known}"
            ) from None

    def _refuse(self) -> None:
        raise RefusedError(f"another ./just is working on stack {self.stack} in this checkout; wait for it")
