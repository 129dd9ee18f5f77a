"""Where the stand-ins keep what the real tools would keep in the flake's git tree and in this computer's Nix store."""

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
        """The stack whose state folder the environment names. Raises `ToolError` when it names none."""
        state = os.environ.get(VARIABLE)
        if not state:
            raise ToolError(f"{VARIABLE} is not set: the simulated tools need to know which stack they work for")
        return cls(Path(state).absolute() / "cloud")

    @property
    def overlay(self) -> Path:
        """What the simulated clan would have committed to the flake: vars, keys, hardware reports, the inventory."""
        return self.cloud / "flake"

    @property
    def store(self) -> Path:
        """The simulated Nix store of this computer."""
        return self.cloud / "store"
