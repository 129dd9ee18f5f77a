"""What a package gives the plug-in server: resource types with their life cycle, over plain values."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fediversity.embedded_cloud.folders import StackFolder
from fediversity.embedded_cloud.plugins.config import Config
from fediversity.embedded_cloud.plugins.problems import Problem
from fediversity.embedded_cloud.plugins.schema import Package, Table
from fediversity.embedded_cloud.plugins.values import UNKNOWN, Values, public

Log = Callable[[str], Awaitable[None]]
"""Shows a line beside the resource while it is worked on."""


@dataclass(frozen=True)
class Call:
    """One request of the engine: which resource, how long it may take (seconds, None: no limit), where to log."""

    name: str
    timeout: float | None
    log: Log
    cancelled: asyncio.Event


@dataclass(frozen=True)
class State:
    """A resource as it is: its id, the inputs that would make it, its outputs."""

    id: str
    inputs: Values
    outputs: Values


class Resource(ABC):
    """One resource type."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def rules(self, inputs: Values) -> Iterable[Problem]:
        """What is wrong beyond names and types. Values may be UNKNOWN."""
        del inputs
        return ()

    def planned(self, inputs: Values, outputs: Mapping[str, Any] | None) -> Values:
        """The outputs a preview shows: what is asked for, and what only the cloud knows as UNKNOWN.

        `outputs` are those of the resource that would be updated; what it has stays.
        """
        kept = dict(outputs or dict.fromkeys(self.table.computed, UNKNOWN))
        return {name: value for name, value in kept.items() if name not in self.table.inputs} | public(inputs)

    @abstractmethod
    async def create(self, call: Call, inputs: Values) -> State:
        """Makes the resource. Raises CloudError."""

    @abstractmethod
    async def read(self, call: Call, id_: str, inputs: Values, outputs: Values) -> State | None:
        """The resource as it is now, None when it is gone. Both maps are empty when it is being imported."""

    @abstractmethod
    async def update(self, call: Call, id_: str, outputs: Values, inputs: Values) -> Values:
        """Changes the resource with the recorded `outputs` to `inputs`; gives the new outputs. Raises CloudError."""

    @abstractmethod
    async def delete(self, call: Call, id_: str, outputs: Values) -> None:
        """Removes the resource; one that is gone is no error. Raises CloudError."""


Function = Callable[[Values], Values]
"""What a package answers without a resource: arguments in, result out. Raises CloudError."""


@dataclass(frozen=True)
class Provider:
    """A package before the engine configured it. `resources` makes its resource types, by token, for a stack.

    `functions` are the package's functions by token; they are asked at every run, previews included.
    """

    package: Package
    config: Config
    resources: Callable[[StackFolder, Values], Mapping[str, Resource]]
    functions: Mapping[str, Function] = field(default_factory=dict)
