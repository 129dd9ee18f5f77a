"""Whether everything that a look ahead depends on is as it was after the last rollout, by one hash of it all.

With one doubt it is not: then Pulumi is asked. What a person sees of a preview or an `up` always comes from Pulumi.
"""

import hashlib
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from fediversity.planning.stack_plan import StackPlan
from fediversity.project.project import Project
from fediversity.rollout.pending_operations import Deployment
from fediversity.rollout.pulumi_cli import PulumiCli

_FILE = "declared.sha256"
_PROGRAM = ("__main__.py", "requirements.txt", "fediversity")
"""What declares, and what answers Pulumi's questions about it: the whole package, the simulated plug-ins included."""

_DOUBTS = (OSError, ValueError, ImportError)
"""What is raised where something that belongs to the hash cannot be read."""

_PACKAGES = ("pulumi", "pulumi-hcloud", "pulumi-gcp", "pulumi-command")


def unchanged(planned: StackPlan, deployment: Deployment, engine: PulumiCli) -> bool:
    """Whether plan, state and program are those of the last rollout that ended well as a whole."""
    try:
        return _file(planned.project).read_text() == _hash(planned, deployment, engine)
    except _DOUBTS:
        return False


def remember(planned: StackPlan, deployment: Deployment, engine: PulumiCli) -> None:
    """Notes plan, state and program of a rollout that has ended well."""
    file = _file(planned.project)
    try:
        file.write_text(_hash(planned, deployment, engine))
    except _DOUBTS:
        forget(planned.project)


def forget(project: Project) -> None:
    """Has the next rollout look ahead: what there is was changed by other means."""
    _file(project).unlink(missing_ok=True)


def _file(project: Project) -> Path:
    return project.folder / _FILE


def _hash(planned: StackPlan, deployment: Deployment, engine: PulumiCli) -> str:
    digest = hashlib.sha256()
    for part in _parts(planned, deployment, engine):
        content = part.encode() if isinstance(part, str) else part
        digest.update(b"%d\0" % len(content))
        digest.update(content)
    return digest.hexdigest()


def _parts(planned: StackPlan, deployment: Deployment, engine: PulumiCli) -> Iterator[str | bytes]:
    known = planned.servers
    yield repr(planned.settings)
    yield planned.fleet.model_dump_json()
    yield repr(planned.plan)
    yield repr(sorted(planned.attempts.items()))
    yield repr((sorted(known.ids.items()), sorted(known.settled), sorted(known.installed), sorted(known.coming)))
    state = {name: deployment.get(name) for name in ("resources", "pending_operations", "secrets_providers")}
    yield json.dumps(state, sort_keys=True)
    yield planned.project.stack_file.read_bytes()
    yield f"{sys.version} {platform.platform()} {[metadata.version(name) for name in _PACKAGES]}"
    yield repr(sorted(entry for entry in engine.environment.items() if entry[0].startswith("PULUMI_")))
    pulumi = Path(shutil.which("pulumi", path=engine.environment.get("PATH")) or "").resolve()
    yield f"{pulumi} {pulumi.stat().st_size} {pulumi.stat().st_mtime_ns}"
    for name in _PROGRAM:
        path = planned.project.root / name
        for file in sorted(_files(path)) if path.is_dir() else [str(path)]:
            yield os.path.relpath(file, planned.project.root)
            yield Path(file).read_bytes()


def _files(folder: Path) -> Iterator[str]:
    """Every file below a folder but Python's caches."""
    for inside, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (os.path.join(inside, name) for name in files)
