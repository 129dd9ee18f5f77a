"""Defines the interface between a package and the plug-in server: resource types with their operations."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fediversity.embedded_cloud.folders import StackFolder
from fediversity.embedded_cloud.plugins.config import Config
from fediversity.embedded_cloud.plugins.problems import Problem
from fediversity.embedded_cloud.plugins.schema import Package, ResourceSchema
from fediversity.embedded_cloud.plugins.values import UNKNOWN, Values, public

Log = Callable[[str], Awaitable[None]]
"""Shows a line beside the resource while an operation on it runs."""


@dataclass(frozen=True)
class PulumiRequest:
    """The context of one request from Pulumi: the resource, the timeout (seconds, None: no limit), and the log."""

    name: str
    timeout: float | None
    log: Log
    cancelled: asyncio.Event


@dataclass(frozen=True)
class State:
    """The current state of a resource: its id, the inputs that would create it, its outputs."""

    id: str
    inputs: Values
    outputs: Values


class Resource(ABC):
    """One resource type."""

    def __init__(self, schema: ResourceSchema) -> None:
        self.schema = schema

    def rules(self, inputs: Values) -> Iterable[Problem]:
        """Yields problems beyond names and types. Values may be UNKNOWN."""
        del inputs
        return ()

    def preview_outputs(self, inputs: Values, outputs: Mapping[str, Any] | None) -> Values:
        """Returns the outputs for a preview: the inputs, and UNKNOWN for what only the cloud knows.

        `outputs` are those of the resource to be updated, which are kept.
        """
        current = dict(outputs or dict.fromkeys(self.schema.computed, UNKNOWN))
        return {name: value for name, value in current.items() if name not in self.schema.inputs} | public(inputs)

    @abstractmethod
    async def create(self, request: PulumiRequest, inputs: Values) -> State:
        """Creates the resource. Raises CloudError."""

    @abstractmethod
    async def read(self, request: PulumiRequest, id_: str, inputs: Values, outputs: Values) -> State | None:
        """Returns the current state of the resource, or None if it no longer exists. Both maps are empty during an
        import.
        """

    @abstractmethod
    async def update(self, request: PulumiRequest, id_: str, outputs: Values, inputs: Values) -> Values:
        """Changes the resource with the recorded `outputs` to `inputs`. Returns the new outputs. Raises CloudError."""

    @abstractmethod
    async def delete(self, request: PulumiRequest, id_: str, outputs: Values) -> None:
        """Deletes the resource. Does nothing if it no longer exists. Raises CloudError."""


Function = Callable[[Values], Values]
"""A function of a package: takes arguments and returns a result. Raises CloudError."""


@dataclass(frozen=True)
class Provider:
    """A package before its configuration. `resources` creates its resource types, by token, for a stack.

    `functions` are the package's functions by token. Pulumi calls them in every run, including previews.
    """

    package: Package
    config: Config
    resources: Callable[[StackFolder, Values], Mapping[str, Resource]]
    functions: Mapping[str, Function] = field(default_factory=dict)
