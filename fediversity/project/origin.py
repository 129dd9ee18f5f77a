"""Where a rollout is started: the flake, the SSH key and the state folder that its command lines name."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from fediversity.support.layout import stack_path

PROJECT = "$PWD"
HOME = "$HOME"

SSH_PORT = 22
SIMULATED_SSH_PORT = 2222


@dataclass(frozen=True)
class RolloutOrigin:
    """Where a rollout is run from: the stack's name, the flake, and how it logs in.

    `identity` is an SSH private key file, relative to the project's folder or absolute; None leaves the choice to
    the person's own SSH agent and configuration. `simulated` says that the tools are the embedded cloud's stand-ins.
    """

    stack: str
    flake: str = "nix"
    identity: str | None = None
    simulated: bool = False

    @property
    def flake_reference(self) -> str:
        """The flake as clan has to be told it: `nix` alone would be an entry of the flake registry.

        A folder inside a git repository would not do either: Nix takes it as the repository with `?dir=`, and clan
        loses that part. As a `path:` it is the folder itself, files that git does not know included.
        """
        return f"path:{in_project(self.flake)}"

    def port(self, port: int) -> int:
        """The port on which SSH answers: a simulated machine has 2222 in place of 22, which would need root here."""
        return SIMULATED_SSH_PORT if self.simulated and port == SSH_PORT else port

    @property
    def state_dir(self) -> str:
        """The stack's own folder, relative to the project: known hosts, logs, ledger."""
        return stack_path(self.stack)


def in_project(path: str) -> str:
    """The path, made absolute when the shell fills in the project's folder, or the person's own for `~`.

    The installer copies the key file by the very name it is given, so nobody would fill in a `~` there.
    """
    if path.startswith("~/"):
        return f"{HOME}{path[1:]}"
    return path if PurePosixPath(path).is_absolute() else f"{PROJECT}/{path}"
