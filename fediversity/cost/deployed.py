"""From Pulumi's state to what a cloud bills for it: the same form as a fleet's, so that both can be compared.

The table of resource types says how each type is read. A state is never believed to be whole: a property that is
missing leaves the thing without a price.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from fediversity.fleet.providers.billing import Item
from fediversity.fleet.providers.resource_types import resource_type

Resource = Mapping[str, Any]


def deployed_items(resources: Iterable[Resource]) -> tuple[Item, ...]:
    """Returns everything in a state (the `resources` of a deployment) that is billed, in the state's order."""
    return tuple(
        item
        for resource in resources
        if resource.get("custom") and not resource.get("delete")
        for item in resource_type(resource["type"]).billed(_name(resource), _properties(resource))
    )


def as_data(items: Iterable[Item]) -> list[dict[str, Any]]:
    """Returns things as JSON, for keeping."""
    return [dict(vars(item)) for item in items]


def from_data(data: Iterable[Mapping[str, Any]]) -> tuple[Item, ...]:
    """Returns the things that `as_data` was given. Raises TypeError if it is something else."""
    return tuple(Item(**entry) for entry in data)


def _name(resource: Resource) -> str:
    return str(resource["urn"]).rsplit("::", 1)[-1]


def _properties(resource: Resource) -> dict[str, Any]:
    """Returns the outputs of a resource over its inputs, without empty ones."""
    return {**_filled(resource, "inputs"), **_filled(resource, "outputs")}


def _filled(resource: Resource, part: str) -> dict[str, Any]:
    return {key: value for key, value in (resource.get(part) or {}).items() if value not in (None, "")}
