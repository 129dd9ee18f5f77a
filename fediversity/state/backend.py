"""The backend of a stack, as far as it can be seen without asking Pulumi."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_FILE = "file://"


def read_project(root: Path) -> Mapping[str, Any]:
    """Reads `Pulumi.yaml`. Raises OSError if there is none, yaml.YAMLError if it is not YAML."""
    project: Mapping[str, Any] = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))
    return project


def backend_url(project: Mapping[str, Any], environ: Mapping[str, str], chosen: str | None = None) -> str:
    """Returns the URL of the backend that Pulumi uses when ./just starts it.

    PULUMI_BACKEND_URL comes first, then what the settings of the stack have `chosen`, then the project.
    """
    url: str = environ.get("PULUMI_BACKEND_URL") or chosen or project.get("backend", {}).get("url", "")
    return url


def folder_of(url: str, root: Path) -> Path | None:
    """Returns the folder of a local backend, None for any other. Relative folders start at `root`."""
    if not url.startswith(_FILE):
        return None
    return root / Path(url.removeprefix(_FILE).partition("?")[0]).expanduser()


def checkpoint_files(folder: Path, project: str, stack: str) -> tuple[Path, ...]:
    """Returns the files that may hold the newest state of a stack: plain or compressed."""
    stacks = folder / ".pulumi" / "stacks" / project
    return tuple(stacks / f"{stack}{suffix}" for suffix in (".json", ".json.gz", ".json.zst"))


def read_deployment(folder: Path, project: str, stack: str) -> dict[str, Any] | None:
    """Reads the last deployment: empty if there was none, None where only Pulumi can read it."""
    plain = checkpoint_files(folder, project, stack)[0]
    if not plain.is_file():
        return None
    latest: dict[str, Any] | None = json.loads(plain.read_text(encoding="utf-8"))["checkpoint"].get("latest")
    return latest or {}
