"""Defines schemas of resource types: their inputs and outputs, as the real package declares them.

A package's `schema.json` contains the names and types (generated from the real package, without prose). Facts that are
not in such a schema (properties that replace, lists that are sets, defaults, what is not simulated) are added in code.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

SCALARS = frozenset({"string", "integer", "number", "boolean", "any"})


@dataclass(frozen=True)
class Property:
    """One property. `type` is one of `SCALARS`, `[…]` for a list, `{…}` for a map, or the name of an object."""

    type: str
    required: bool = False
    replaces: bool = False

    @classmethod
    def parse(cls, line: str) -> "Property":
        """Parses a line of `schema.json`: a type and the words `required` and `replaces`."""
        type_name, *words = line.split()
        return cls(type_name, "required" in words, "replaces" in words)

    @property
    def item(self) -> "Property | None":
        """The property of the elements of a list or map; None for other types."""
        if self.type[0] in "[{":
            return Property(self.type[1:-1], replaces=self.replaces)
        return None


Properties = Mapping[str, Property]


@dataclass(frozen=True)
class Extra:
    """Facts of a resource type beyond its schema. Paths omit list positions: `rules.sourceIps`.

    `grows` are numbers that change in place while they grow; a smaller one requires a new resource. `kept` are
    properties that keep their value when they are no longer given.
    """

    replaces: frozenset[str] = frozenset()
    grows: frozenset[str] = frozenset()
    sets: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    not_simulated: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    delete_before_replace: bool = False


@dataclass(frozen=True)
class ResourceSchema:
    """The properties of one resource type."""

    token: str
    inputs: Properties
    outputs: Properties
    types: Mapping[str, Properties]
    extra: Extra = field(default_factory=Extra)

    @property
    def autonamed(self) -> bool:
        """Whether the provider generates a missing `name`."""
        return "name" in self.inputs and not self.inputs["name"].required

    @property
    def records_defaults(self) -> bool:
        """Whether the provider fills in missing inputs, so that it must record which ones."""
        return self.autonamed or bool(self.extra.defaults)

    @cached_property
    def computed(self) -> tuple[str, ...]:
        """The outputs that are not inputs: only the cloud knows them."""
        return tuple(name for name in self.outputs if name not in self.inputs)

    def replaces(self, path: str, declared: Property) -> bool:
        """Returns whether a change at `path` requires a new resource."""
        return declared.replaces or path in self.extra.replaces


@dataclass(frozen=True)
class Package:
    """The resource types that a plug-in serves."""

    name: str
    schemas: Mapping[str, ResourceSchema]

    def pulumi_schema(self) -> str:
        """Returns the package's schema for `GetSchema`, in Pulumi's format."""
        types: dict[str, Any] = {}
        resources = {}
        for resource in self.schemas.values():
            types |= {self._type_token(name): _object(self, fields) for name, fields in resource.types.items()}
            resources[resource.token] = {
                "properties": {name: _spec(self, declared) for name, declared in resource.outputs.items()},
                "required": [name for name, declared in resource.outputs.items() if declared.required],
                "inputProperties": {name: _spec(self, declared) for name, declared in resource.inputs.items()},
                "requiredInputs": [name for name, declared in resource.inputs.items() if declared.required],
            }
        description = "Simulated: part of the embedded cloud of the dev stack."
        schema = {"name": self.name, "description": description, "types": types, "resources": resources}
        return json.dumps(schema)

    def _type_token(self, name: str) -> str:
        return f"{self.name}:index/{name}:{name}"


def load(path: Path, extras: Mapping[str, Extra] | None = None) -> Package:
    """Reads the `schema.json` of a package and adds the further facts, by resource token."""
    facts = json.loads(path.read_text())
    types = {name: _properties(lines) for name, lines in facts["types"].items()}
    tables = {}
    for token, declared in facts["resources"].items():
        inputs, outputs = _properties(declared["inputs"]), _properties(declared["outputs"])
        used = _reachable(types, [*inputs.values(), *outputs.values()])
        tables[token] = ResourceSchema(token, inputs, outputs, used, (extras or {}).get(token, Extra()))
    return Package(facts["package"], tables)


def _properties(lines: Mapping[str, str]) -> Properties:
    return {name: Property.parse(line) for name, line in lines.items()}


def object_name(type_name: str) -> str:
    """Returns the innermost type: `FirewallRule` for `[FirewallRule]`."""
    return type_name.strip("[]{}")


def _reachable(types: Mapping[str, Properties], roots: Iterable[Property]) -> dict[str, Properties]:
    reachable: dict[str, Properties] = {}
    queue = [object_name(root.type) for root in roots]
    while queue:
        name = queue.pop()
        if name in types and name not in reachable:
            reachable[name] = types[name]
            queue.extend(object_name(declared.type) for declared in types[name].values())
    return reachable


def _object(package: Package, fields: Properties) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: _spec(package, declared) for name, declared in fields.items()},
        "required": [name for name, declared in fields.items() if declared.required],
    }


def _spec(package: Package, declared: Property) -> dict[str, Any]:
    spec = _type(package, declared)
    return spec | {"replaceOnChanges": True} if declared.replaces else spec


def _type(package: Package, declared: Property) -> dict[str, Any]:
    if declared.item is not None:
        inner = _type(package, declared.item)
        is_list = declared.type.startswith("[")
        return {"type": "array", "items": inner} if is_list else {"type": "object", "additionalProperties": inner}
    if declared.type == "any":
        return {"$ref": "pulumi.json#/Any"}
    if declared.type in {"Asset", "Archive"}:
        return {"$ref": f"pulumi.json#/{declared.type}"}
    if declared.type in SCALARS:
        return {"type": declared.type}
    return {"$ref": f"#/types/{package._type_token(declared.type)}"}
