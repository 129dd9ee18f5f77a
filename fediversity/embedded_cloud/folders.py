"""Defines the paths of a stack's embedded cloud below the project folder."""

import re
from dataclasses import dataclass
from pathlib import Path

from fediversity.support.layout import stack_folder

_STACK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def is_stack_name(name: str) -> bool:
    """Returns whether Pulumi accepts this as a stack name. Such a name is also a safe folder name."""
    return _STACK.fullmatch(name) is not None


@dataclass(frozen=True)
class StackFolder:
    """The folder `.fediversity/<stack>/` of a project. Reading a path creates nothing."""

    root: Path

    @classmethod
    def of(cls, project: Path, stack: str) -> "StackFolder":
        """Returns the folder of a stack. Raises ValueError if the stack name is invalid."""
        if not is_stack_name(stack):
            raise ValueError(f"'{stack}' is not the name of a stack")
        return cls(stack_folder(project.absolute(), stack))

    @property
    def cloud(self) -> Path:
        """The folder with all data of the embedded cloud."""
        return self.root / "cloud"

    @property
    def store(self) -> Path:
        """The SQLite file with the records of all simulated cloud resources."""
        return self.cloud / "cloud.sqlite"

    @property
    def identity(self) -> Path:
        """The site's throwaway SSH private key; the public key is beside it with the suffix `.pub`."""
        return self.root / "identity"
