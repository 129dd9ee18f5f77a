"""Where a checkout keeps what its rollouts know: `.fediversity/<stack>/`."""

from pathlib import Path

FOLDER = ".fediversity"
"""The folder at the top of a checkout. Git ignores it."""

LEDGER_FILE = "ledger.sqlite"
"""The record of every step, in the stack's own folder."""

LIMITS_FILE = "limits.json"
"""How much may run at once (`limits:` of the fleet file); written by the program, read by the step runner."""


def stack_folder(root: Path, stack: str) -> Path:
    """The folder in which the rollouts of a stack keep what they know. `root` is the top of the checkout."""
    return root / FOLDER / stack


def stack_path(stack: str, *inside: str) -> str:
    """A path in the stack's folder as people and command lines write it, relative to the checkout."""
    return "/".join((FOLDER, stack, *inside))
