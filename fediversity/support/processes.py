"""Processes and process groups of this computer."""

import contextlib
import os
import signal
from typing import Literal

Existence = Literal["gone", "ours", "another user's"]


def existence(pid: int) -> Existence:
    """Whether a process exists, and whether this one may signal it. A zombie still exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        return "another user's"
    return "ours"


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    return existence(pid) != "gone"


def signal_group(group: int, number: signal.Signals) -> None:
    """Sends a signal to every process of a group; does nothing if none is left."""
    # macOS answers EPERM for a group in which only dead processes are left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def group_is_alive(group: int) -> bool:
    """Whether any process of a group is left."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
