"""Where Pulumi keeps a stack's state, as far as it can be seen without asking Pulumi."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fediversity.rollout.backend_locks import Lock, parse_lock
from fediversity.rollout.pending_operations import Deployment
from fediversity.state.backend import backend_url, checkpoint_files, folder_of, read_deployment, read_project


@dataclass(frozen=True)
class Backend:
    """The state of one project.

    `folder` is None when the state is not in a local folder: then its locks and checkpoints cannot be seen
    from here, and Pulumi's own check of the lock is the only one.
    """

    root: Path
    project: str
    folder: Path | None

    @classmethod
    def of(cls, root: Path, environ: Mapping[str, str]) -> "Backend":
        """PULUMI_BACKEND_URL, else the `backend.url` of the project; relative folders start at `root`."""
        project = read_project(root)
        return cls(root, project["name"], folder_of(backend_url(project, environ), root))

    def locks(self, stack: str) -> tuple[Lock, ...]:
        """The locks on a stack, living or stale."""
        if self.folder is None:
            return ()
        folder = self.folder / ".pulumi" / "locks" / "organization" / self.project / stack
        return tuple(parse_lock(path.read_text(), path) for path in sorted(folder.glob("*.json")))

    def has_stack(self, stack: str) -> bool:
        """Whether the stack was ever made; taken as true where it cannot be seen."""
        return self.folder is None or any(path.is_file() for path in self._checkpoints(self.folder, stack))

    def checkpoint(self, stack: str) -> Deployment | None:
        """The last deployment as Pulumi wrote it; None where only Pulumi can read it."""
        return None if self.folder is None else read_deployment(self.folder, self.project, stack)

    def may_have_pending(self, stack: str) -> bool:
        """Whether operations are pending; taken as true where only Pulumi can read the checkpoint."""
        checkpoint = self.checkpoint(stack)
        return checkpoint is None or bool(checkpoint.get("pending_operations"))

    def is_damaged(self, stack: str) -> bool:
        """Whether Pulumi itself wrote a state that it refuses to read, and noted so."""
        metadata = (self.checkpoint(stack) or {}).get("metadata") or {}
        return bool(metadata.get("integrity_error"))

    def repair(self, stack: str) -> tuple[Path, ...]:
        """Remove what a killed run had half written beside a checkpoint; give what was removed.

        Pulumi replaces a checkpoint whole, but first writes a small file of attributes beside it, in
        place: cut short, that file makes every later command fail with `failed to load checkpoint: EOF`.
        It may be missing. Only for a stack that no run holds.
        """
        if self.folder is None:
            return ()
        beside = self._checkpoints(self.folder, stack)[0].parent
        broken = [path for path in beside.glob(f"{stack}.json*.attrs") if not _is_json(path.read_text())]
        broken += beside.glob(f"{stack}.json*.tmp")
        for path in broken:
            path.unlink()
        return tuple(broken)

    def _checkpoints(self, folder: Path, stack: str) -> tuple[Path, ...]:
        return checkpoint_files(folder, self.project, stack)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
