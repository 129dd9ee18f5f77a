"""What a cloud would refuse only when it is asked to do it, told before anything is changed. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from fediversity.fleet.providers.resource_types import resource_type
from fediversity.rollout.destructive_changes import machine_of

State = Mapping[str, Any]


def unsupported_changes(digest: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the changes in what `pulumi preview --json` printed that a cloud never makes, a text with a fix for each.

    A cloud refuses them only during the rollout, when other things have changed already. The table of resource types
    says which they are.
    """
    return tuple(
        text
        for step in digest.get("steps") or ()
        if step["op"] == "update"
        for text in _told(step.get("oldState") or {}, step.get("newState") or {})
    )


def _told(old: State, new: State) -> Iterator[str]:
    yield from resource_type(str(old.get("type"))).refused_changes(machine_of(old), old, new)
