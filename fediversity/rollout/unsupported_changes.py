"""What a cloud would refuse only when it is asked to do it, told before anything is changed. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from fediversity.fleet.catalogue import HETZNER_DISK_GB
from fediversity.rollout.destructive_changes import machine_of

State = Mapping[str, Any]


def unsupported_changes(digest: Mapping[str, Any]) -> tuple[str, ...]:
    """Changes in what `pulumi preview --json` printed that Hetzner never makes, with what to write, a text for each.

    Its disks never shrink (API reference: `volumes/{id}/actions/resize`, `servers/{id}/actions/change_type`). That is
    said only during the rollout, when other things have changed already.
    """
    return tuple(
        text
        for step in digest.get("steps") or ()
        if step["op"] == "update"
        for text in _told(step.get("oldState") or {}, step.get("newState") or {})
    )


def _told(old: State, new: State) -> Iterator[str]:
    wanted = new.get("inputs") or {}
    match old.get("type"):
        case "hcloud:index/volume:Volume":
            has, wants = (old.get("inputs") or {}).get("size"), wanted.get("size")
            if _less(wants, has):
                yield (
                    f"the volume {wanted.get('name')} ({old.get('id')}) has {has:g} GB and cannot shrink to {wants:g}\n"
                    f"    fix: leave size_gb at {has:g}, or make a smaller volume of another name and move the data"
                )
        case "hcloud:index/server:Server":
            has, kind = (old.get("outputs") or {}).get("primaryDiskSize"), wanted.get("serverType")
            if _less(fits := HETZNER_DISK_GB.get(str(kind)), has):
                yield (
                    f"the server of {machine_of(old)} ({old.get('id')}) has a disk of {has:g} GB, which never fits "
                    f"{kind} ({fits} GB)\n    fix: use a type whose disk has {has:g} GB or more; a server with a "
                    "smaller disk has to be another one"
                )


def _less(wanted: Any, has: Any) -> bool:
    """Whether both are numbers and the first is the smaller one: what is not known yet is no number."""
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (wanted, has))
    return numbers and wanted < has
