"""Where the embedded cloud of a stack keeps its things, below the project's folder."""

import re
from dataclasses import dataclass
from pathlib import Path

from fediversity.support.layout import stack_folder

_STACK = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def is_stack_name(name: str) -> bool:
    """Whether the engine would take this as a stack's name; such a name is safe as a folder's."""
    return _STACK.fullmatch(name) is not None


@dataclass(frozen=True)
class StackFolder:
    """`.fediversity/<stack>/` of a project. Nothing is created by asking for a path."""

    root: Path

    @classmethod
    def of(cls, project: Path, stack: str) -> "StackFolder":
        """The folder of a stack. Raises ValueError for a name that is no stack's."""
        if not is_stack_name(stack):
            raise ValueError(f"'{stack}' is not the name of a stack")
        return cls(stack_folder(project.absolute(), stack))

    @property
    def cloud(self) -> Path:
        """Everything of the embedded cloud."""
        return self.root / "cloud"

    @property
    def store(self) -> Path:
        """The records of all simulated cloud resources (SQLite)."""
        return self.cloud / "cloud.sqlite"

    @property
    def identity(self) -> Path:
        """The site's throwaway SSH key; its public half is beside it with the suffix `.pub`."""
        return self.root / "identity"
