"""Changes that Hetzner never makes, told from the engine's preview."""

from typing import Any

import pytest

from fediversity.fleet.providers.hetzner.catalogue import DISK_GB
from fediversity.rollout.unsupported_changes import unsupported_changes
from tests.bootstrap.test_losses import SERVER, state, step

VOLUME = "hcloud:index/volume:Volume"


def resized(before: Any, after: Any, op: str = "update") -> dict[str, Any]:
    """A preview in which a volume gets another size."""
    old = state(VOLUME, "oak-volume-data", inputs={"name": "oak-data", "size": before})
    return {"steps": [step(op, old, old | {"inputs": {"name": "oak-data", "size": after}})]}


def retyped(disk: Any, kind: str) -> dict[str, Any]:
    """A preview in which a server with such a disk gets another type."""
    old = state(SERVER, outputs={"primaryDiskSize": disk}, inputs={"serverType": "cx53"})
    return {"steps": [step("update", old, old | {"inputs": {"serverType": kind}})]}


def test_a_volume_never_shrinks() -> None:
    (text,) = unsupported_changes(resized(40.0, 20.0))
    assert text.startswith("the volume oak-data (4711) has 40 GB and cannot shrink to 20\n    fix: ")


def test_a_server_never_gets_a_type_with_a_smaller_disk() -> None:
    assert DISK_GB["cx43"] < DISK_GB["cx53"]
    (text,) = unsupported_changes(retyped(320, "cx43"))
    assert text.startswith("the server of oak (4711) has a disk of 320 GB, which never fits cx43 (160 GB)\n    fix: ")


@pytest.mark.parametrize(
    "digest",
    [
        {},
        resized(20, 40),
        resized(40, 40),
        resized(40, 20, "replace"),
        resized(40, "04da6b54-80e4-46f7-96ec-b56ff0331ba9"),
        retyped(40, "cx53"),
        retyped(320, "cx53"),
        retyped(None, "cx43"),
        retyped(320, "a-type-of-tomorrow"),
    ],
    ids=lambda digest: str(digest)[:60],
)
def test_what_grows_stays_is_another_one_or_is_not_known_is_possible(digest: dict[str, Any]) -> None:
    assert unsupported_changes(digest) == ()
