"""Caps on how many steps run at once, over all processes of a stack. Pulumi has no cap by kind of step.

A slot is a file with a lock, which the kernel releases when its process ends, however it ends. A step takes all slots
that it needs at once or none of them, so that two steps never wait for each other.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fediversity.steps.context import StepContext
from fediversity.steps.specs import OnMachine
from fediversity.support.layout import LIMITS_FILE
from fediversity.support.locks import try_lock

_USUAL = {"installs": 1, "updates": 4}
_POLL_SECONDS = 0.1


@contextmanager
def slot(context: StepContext[OnMachine], class_: str, provider: str | None) -> Iterator[None]:
    """Holds the right to run a step of a class, `installs` or `updates`, and of its machine's kind of provider.

    Waits for it without a limit. This waiting does not count as the step's own time.
    """
    folder = context.job.state_dir / "slots"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    waited = False
    while (held := _take_all(folder, _caps(context.job.state_dir, class_, provider))) is None:
        if not waited:
            context.log.note(f"waiting for a turn: the cap on {class_} is reached")
            context.stop.limit(None)
        waited = True
        context.stop.sleep(_POLL_SECONDS)
    context.stop.limit(context.overall)
    try:
        yield
    finally:
        _release(held)


def _caps(state_dir: Path, class_: str, provider: str | None) -> Mapping[str, int]:
    """Returns the cap of each class that the step is in. Each call reads the file: it may change during a rollout."""
    limits = _limits(state_dir / LIMITS_FILE)
    caps = {class_: int(limits.get(class_) or _USUAL[class_])}
    if provider and (most := limits.get("per_provider", {}).get(provider)):
        caps[f"provider-{provider}"] = int(most)
    return caps


def _limits(file: Path) -> dict[str, Any]:
    try:
        limits = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return limits if isinstance(limits, dict) else {}


def _take_all(folder: Path, caps: Mapping[str, int]) -> list[int] | None:
    held: list[int] = []
    for name, most in caps.items():
        slot = _take_one([folder / f"{name}.{number}" for number in range(most)])
        if slot is None:
            _release(held)
            return None
        held.append(slot)
    return held


def _take_one(files: list[Path]) -> int | None:
    for file in files:
        if (handle := try_lock(file)) is not None:
            return handle
    return None


def _release(handles: list[int]) -> None:
    for handle in handles:
        os.close(handle)
