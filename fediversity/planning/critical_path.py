"""The critical path: the chain of steps that a rollout cannot be faster than, however much runs at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from fediversity.planning.steps import Plan


@dataclass(frozen=True)
class CriticalPath:
    """The longest chain of steps, in order, and how long it takes, in seconds."""

    steps: tuple[str, ...]
    seconds: float


def critical_path(plan: Plan, seconds: Mapping[str, float]) -> CriticalPath:
    """The longest chain through the plan when each step takes as long as `seconds` says.

    A step that is not in `seconds` did not run and takes no time.
    """
    longest: dict[str, CriticalPath] = {}
    for step in plan:
        before = max(
            (longest[name] for name in step.after), key=lambda path: path.seconds, default=CriticalPath((), 0.0)
        )
        own = seconds.get(step.name)
        names = before.steps if own is None else (*before.steps, step.name)
        longest[step.name] = CriticalPath(names, before.seconds + (own or 0.0))
    return max(longest.values(), key=lambda path: path.seconds, default=CriticalPath((), 0.0))
