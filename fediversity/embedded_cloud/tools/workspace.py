"""Locates what the real tools would keep in the flake's git tree and in this computer's Nix store."""

import os
from dataclasses import dataclass
from pathlib import Path

from fediversity.embedded_cloud.tools.errors import ToolError

VARIABLE = "FEDIVERSITY_STATE_DIR"


@dataclass(frozen=True)
class Workspace:
    """The folder `.fediversity/<stack>/cloud` of a stack."""

    cloud: Path

    @classmethod
    def from_environment(cls) -> "Workspace":
        """Returns the workspace of the stack in the environment. Raises `ToolError` if the variable is not set."""
        state = os.environ.get(VARIABLE)
        if not state:
            raise ToolError(f"{VARIABLE} is not set: the simulated tools need to know which stack they work for")
        return cls(Path(state).absolute() / "cloud")

    @property
    def overlay(self) -> Path:
        """The files that the simulated clan would commit to the flake: vars, keys, hardware reports, the inventory."""
        return self.cloud / "flake"

    @property
    def store(self) -> Path:
        """The simulated Nix store of this computer."""
        return self.cloud / "store"
