"""Registers the files that clan has made in the flake with git.

clan is given the flake as a `path:`, so it neither adds nor commits what it writes (`commit_files` of its `clan_lib`
looks for `.git` in the flake's own folder). nixops4 reads the flake of the current folder through git and sees only
files that git knows. So new files are registered. Their content is neither staged nor committed: a person does that.
"""

import subprocess
from pathlib import Path

from fediversity.steps.context import StepContext
from fediversity.steps.job import StepError
from fediversity.steps.specs import StepSpec
from fediversity.support.locks import locked

_WRITTEN_BY_CLAN = ("inventory.json", "machines", "sops", "vars")


def register_new_files(context: StepContext[StepSpec]) -> None:
    """Registers the files below the flake that clan writes with git. Does nothing outside a git work tree.

    Raises StepError if git refuses.
    """
    flake = context.flake
    paths = [name for name in _WRITTEN_BY_CLAN if (flake / name).exists()]
    if context.job.simulated or not paths or not _in_work_tree(flake):
        return
    # Steps of several machines end at the same time, and git's own lock makes the second one fail.
    with locked(context.job.state_dir / "git.lock"):
        done = _git(flake, "add", "--intent-to-add", "--", *paths)
    if done.returncode != 0:
        by_hand = f"git -C {flake} add --intent-to-add {' '.join(paths)}"
        raise StepError(f"git does not take the files that clan has written: {done.stderr.strip()}", f"try `{by_hand}`")


def _in_work_tree(folder: Path) -> bool:
    return _git(folder, "rev-parse", "--is-inside-work-tree").stdout.strip() == "true"


def _git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=False)
