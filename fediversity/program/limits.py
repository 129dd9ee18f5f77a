"""Hands on how much may run at once.

Not in the steps' environment: there, another cap would be a change of every step, and all machines would be updated.
"""

import json

import pulumi

from fediversity.fleet.model import Fleet
from fediversity.project.project import Project
from fediversity.support.files import write_atomically
from fediversity.support.layout import LIMITS_FILE


def write_limits(fleet: Fleet, project: Project) -> None:
    """Writes the fleet's caps where the runner looks for them, unless it is a preview, which leaves no trace."""
    if pulumi.runtime.is_dry_run():
        return
    folder = project.folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = json.dumps(fleet.limits.model_dump(exclude_none=True), sort_keys=True) + "\n"
    write_atomically(folder / LIMITS_FILE, text)
