"""Hands on how much may run at once.

Not in the steps' environment: there, another cap would be a change of every step, and all machines would be updated.
"""

import json
import os

import pulumi

from fediversity.fleet.model import Fleet
from fediversity.project.project import Project

LIMITS_FILE = "limits.json"
"""The file in the stack's own folder that the runner reads the caps from."""


def write_limits(fleet: Fleet, project: Project) -> None:
    """Writes the fleet's caps where the runner looks for them, unless it is a preview, which leaves no trace."""
    if pulumi.runtime.is_dry_run():
        return
    folder = project.folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = json.dumps(fleet.limits.model_dump(exclude_none=True), sort_keys=True) + "\n"
    fresh = folder / f".{LIMITS_FILE}.{os.getpid()}"
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(folder / LIMITS_FILE)
