"""What rules look at: resources as a program declares them, and the stack with the bounds of its fleet file."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from fediversity.fleet.diagnostics import Location
from fediversity.fleet.machines import Machine
from fediversity.fleet.model import Fleet
from fediversity.fleet.policy import Policy
from fediversity.fleet.providers.resource_type import ResourceType
from fediversity.fleet.providers.resource_types import resource_type
from fediversity.project.settings import Settings


class Unknown(Enum):
    """The type of `UNSEEN`."""

    UNSEEN = "unseen"


UNSEEN: Final = Unknown.UNSEEN
"""A value that is known only once something else was made, or that is a secret. No rule judges it."""

_SECTIONS: Mapping[str, Location] = {
    r"fediversity:machines:\w+Machine": ("machines",),
    r"fediversity:dns:\w+Zone": ("dns", "zones"),
    r"fediversity:networks:\w+Network": ("networks",),
    r"fediversity:storage:\w+Bucket": ("buckets",),
}
"""Where in a fleet file the things stand that the components of each kind are made for, by the component's name."""


@dataclass(frozen=True)
class DeclaredResource:
    """A resource as Pulumi is told it: `inputs` by Pulumi's names, `protect` Pulumi's own protection.

    `parent` is the URN of the component it belongs to. `provider` is the name of its provider, None for one that the
    program did not declare.
    """

    type: str
    name: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    provider: str | None = ""
    urn: str = ""

    @property
    def label(self) -> str:
        """What it is called to a person: `Server cinnabar-server`."""
        return f"{self.type.rpartition(':')[2]} {self.name}"

    @property
    def package(self) -> str:
        """The package of its type: `hcloud:index/server:Server` is of `hcloud`."""
        return self.type.partition(":")[0]

    @property
    def facts(self) -> ResourceType:
        """What the table of resource types says of its type."""
        return resource_type(self.type)

    @property
    def where(self) -> Location:
        """The entry of the fleet file that it is made for; empty for what belongs to the fleet as a whole."""
        ancestors, _, name = self.parent.rpartition("::")
        kind = re.split(r"::|\$", ancestors)[-1]
        return next(((*where, name) for kinds, where in _SECTIONS.items() if re.fullmatch(kinds, kind)), ())

    @property
    def machine(self) -> str | None:
        """The machine of the fleet that it belongs to."""
        return str(self.where[1]) if self.where[:1] == ("machines",) else None


@dataclass(frozen=True)
class Stack:
    """A stack with its bounds. `monthly` is the estimate of a month in the budget's currency, None if there is none."""

    settings: Settings
    fleet: Fleet
    monthly: Decimal | None = None

    @property
    def policy(self) -> Policy:
        """The bounds of the fleet file."""
        return self.fleet.policy

    def machine_of(self, declared: DeclaredResource) -> Machine | None:
        """Returns the machine that a resource belongs to."""
        return self.fleet.machines.get(declared.machine or "")


@dataclass(frozen=True)
class Breach:
    """What is wrong and how to mend it: `where` in the fleet file, or under which `setting` of the stack's own file."""

    what: str
    fix: str
    where: Location = ()
    setting: str = ""


@dataclass(frozen=True)
class Rule:
    """A rule about each resource by itself."""

    name: str
    about: str
    check: Callable[[DeclaredResource, Stack], Iterator[Breach]]


@dataclass(frozen=True)
class StackRule:
    """A rule about the stack as a whole."""

    name: str
    about: str
    check: Callable[[Stack], Iterator[Breach]]


@dataclass(frozen=True)
class Violation:
    """A breach of a rule, by its name; `resource` is what breaks it, empty for the stack as a whole."""

    rule: str
    breach: Breach
    resource: str = ""
