"""What is to be known of a resource type, by Pulumi's token: an entry of the table in `resource_types.py`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fediversity.fleet.providers.billing import Item, State

Role = Literal["", "server", "address", "bucket"]
Inputs = Mapping[str, Any]
"""The inputs of a resource by Pulumi's names. What is secret or not known yet is neither text, list nor mapping."""


@dataclass(frozen=True)
class AllowedTraffic:
    """Traffic that a firewall lets in: protocol, ports (`443`, `8000-8010`, None for all), and from where.

    `sources` None stands for everybody.
    """

    protocol: str
    ports: str | None
    sources: tuple[str, ...] | None


def no_items(name: str, found: State) -> Iterator[Item]:
    """Yields nothing: what a cloud does not bill."""
    del name, found
    yield from ()


def no_traffic(inputs: Inputs) -> Iterator[AllowedTraffic]:
    """Yields nothing: a resource that lets no traffic in."""
    del inputs
    yield from ()


def no_keys(inputs: Inputs) -> Iterator[str]:
    """Yields nothing: a resource that lets nobody log in."""
    del inputs
    yield from ()


def any_change(machine: str | None, old: State, new: State) -> Iterator[str]:
    """Yields nothing: the cloud makes every change of the resource."""
    del machine, old, new
    yield from ()


@dataclass(frozen=True)
class ResourceType:
    """A resource type of a cloud.

    The defaults are those of a type that may go without harm, takes no labels and costs nothing.
    """

    token: str
    """Pulumi's token: `hcloud:index/server:Server`."""
    word: str = ""
    """What people call it, if it holds data or something that others know it by, so that its loss is told."""
    role: Role = ""
    """What it is to a machine."""
    kept_by: Mapping[str, bool] | None = None
    """If it holds data or an address: the properties by which the cloud keeps it, each with the value that does. A
    property that is absent is False. None for a type that need not be kept."""
    labelled: bool = False
    """Whether it takes labels."""
    size: str = ""
    """The property that holds its type, as the cloud sells it."""
    accelerators: str = ""
    """The property that lists its GPUs, each with a `type`."""
    firewalls: str = ""
    """The property that lists the firewalls in front of it. Without one, everything is open."""
    unique_id: str = ""
    """The output that tells it from its successor, where the successor has the same id."""
    traffic: Callable[[Inputs], Iterator[AllowedTraffic]] = no_traffic
    """Reads what it lets in, if it is a firewall."""
    login_keys: Callable[[Inputs], Iterator[str]] = no_keys
    """Reads the SSH public keys that it lets in, each as one line of OpenSSH."""
    billed: Callable[[str, State], Iterator[Item]] = no_items
    """Reads what the cloud bills of it, from its name and its properties in a state."""
    refused_changes: Callable[[str | None, State, State], Iterator[str]] = any_change
    """Reads why the cloud would refuse to update it: the machine it belongs to, its state before and after."""

    @property
    def switches(self) -> frozenset[str]:
        """The properties that switch the cloud's protection against deletion on."""
        return frozenset(name for name, value in (self.kept_by or {}).items() if value)


@dataclass(frozen=True)
class CloudResources:
    """The resource types of one Pulumi package.

    `places` maps the properties that say where something stands to the key of the fleet file, for any type of the
    package; `sizes` does so for what has a type.
    """

    package: str
    types: tuple[ResourceType, ...]
    places: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, str] = field(default_factory=dict)


def seen_list(value: Any) -> list[Any]:
    """Returns the items of a list that can be seen."""
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, str | Mapping)]


def is_less(wanted: Any, has: Any) -> bool:
    """Returns whether both are numbers and the first is the smaller one: what is not known yet is no number."""
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (wanted, has))
    return numbers and wanted < has
