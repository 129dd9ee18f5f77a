"""What a cloud bills, as plain data: the form in which a fleet and a state are priced and compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["server", "backup", "ipv4", "disk", "volume", "accelerator", "zone", "bucket", "key"]

BY_USE: frozenset[Kind] = frozenset({"bucket"})
"""What is billed by what is put into it, which is not known beforehand."""

PER_GB: frozenset[Kind] = frozenset({"disk", "volume", "bucket"})
"""What has a price for each GB; all else has one for each piece."""


@dataclass(frozen=True)
class Item:
    """One thing that is billed.

    `owner` is the machine (or the zone, the bucket) it belongs to, `name` tells it from the owner's other things of
    that kind. `type` and `region` are the provider's own words. `quantity` counts pieces, or GB (see PER_GB).
    """

    owner: str
    kind: Kind
    provider: str
    type: str
    region: str
    quantity: int = 1
    name: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What stays the same when the thing gets another size or another place."""
        return (self.owner, self.kind, self.provider, self.name)

    def __str__(self) -> str:
        size = f" {self.quantity} GB" if self.kind in PER_GB and self.kind not in BY_USE else ""
        count = f"{self.quantity} " if self.kind not in PER_GB and self.quantity != 1 else ""
        kind = f"{self.kind} {self.type}" if self.type else self.kind
        return f"{count}{kind}{size}{f' in {self.region}' if self.region else ''}"


State = Mapping[str, Any]
"""The properties of a resource as Pulumi's state has them: inputs, and outputs over them, without empty ones."""


def owner_of(name: str, kind: str) -> str:
    """Returns the machine that a resource belongs to: it is named `<machine>-<kind>`, perhaps with more after that."""
    return name.rpartition(f"-{kind}")[0] or name


def own_name(name: str, kind: str) -> str:
    """Returns what a machine calls one of its volumes or disks: the resource is named `<machine>-<kind>-<name>`."""
    return name.rpartition(f"-{kind}-")[2]


def last_part(found: State, key: str) -> str:
    """Returns a text property, and of a URL its last part; empty where there is none."""
    value = found.get(key, "")
    return value.rpartition("/")[2] if isinstance(value, str) else ""


def whole(value: Any) -> int:
    """Returns a number of a state, which is a float in JSON; 0 where there is none."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0
