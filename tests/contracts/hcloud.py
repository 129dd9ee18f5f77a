"""The schema of Hetzner's Pulumi package as facts: names, types, what is required, replaces or is deprecated.

A type is a scalar, the name of a nested type, `[…]` for a list or `{…}` for a map.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

RECORD = Path(__file__).parents[1] / "data" / "contracts" / "hcloud.json"

Facts = dict[str, Any]

REQUIRED, REPLACES, DEPRECATED = "required", "replaces", "deprecated"
"""The words that may follow a property's type."""


@cache
def recorded() -> dict[str, Any]:
    """The facts as they are recorded."""
    found: dict[str, Any] = json.loads(RECORD.read_text())["facts"]
    return found


def facts(schema: Mapping[str, Any]) -> Facts:
    """The facts in the schema: the provider's settings, the nested types and every resource."""
    nested: Facts = {}
    provider = _declared(schema, nested, schema["provider"]["inputProperties"], ())
    resources = {
        token: {
            "inputs": _declared(schema, nested, declared["inputProperties"], declared.get("requiredInputs", ())),
            "outputs": _declared(schema, nested, declared["properties"], declared["required"]),
        }
        for token, declared in schema["resources"].items()
    }
    return {"provider": provider, "types": nested, "resources": resources}


def _declared(
    schema: Mapping[str, Any], nested: Facts, properties: Mapping[str, Any], required: Iterable[str]
) -> dict[str, str]:
    found = {}
    for name, spec in sorted(properties.items()):
        words = {
            REQUIRED: name in required,
            REPLACES: spec.get("willReplaceOnChanges", False) or spec.get("replaceOnChanges", False),
            DEPRECATED: "deprecationMessage" in spec,
        }
        type_ = _type(schema, nested, spec)
        found[name] = " ".join([type_, *(word for word, holds in words.items() if holds)])
    return found


def _type(schema: Mapping[str, Any], nested: Facts, spec: Mapping[str, Any]) -> str:
    if "$ref" in spec:
        token = spec["$ref"].removeprefix("#/types/")
        name = str(token.split(":")[-1])
        if name not in nested:
            nested[name] = {}
            declared = schema["types"][token]
            nested[name] = _declared(schema, nested, declared["properties"], declared.get("required", ()))
        return name
    if spec["type"] == "array":
        return f"[{_type(schema, nested, spec['items'])}]"
    if spec["type"] == "object":
        return f"{{{_type(schema, nested, spec.get('additionalProperties', {'type': 'string'}))}}}"
    return str(spec["type"])


def named(properties: Mapping[str, str], word: str) -> set[str]:
    """The properties that are required, replace the resource or are deprecated."""
    return {name for name, line in properties.items() if word in line.split(" ")[1:]}


def served(recorded: Mapping[str, Any], tokens: Iterable[str]) -> Facts:
    """The part of the record that some resources are made of, in the form in which the simulated plug-in keeps it."""
    types: Facts = {}
    resources = {token: _parts(recorded, types, recorded["resources"][token]) for token in tokens}
    return {"package": "hcloud", "types": types, "resources": resources}


def _parts(recorded: Mapping[str, Any], types: Facts, resource: Mapping[str, Any]) -> Facts:
    return {part: _kept(recorded, types, properties) for part, properties in resource.items()}


def _kept(recorded: Mapping[str, Any], types: Facts, properties: Mapping[str, str]) -> dict[str, str]:
    kept = {}
    for name, line in properties.items():
        type_, *words = line.split(" ")
        inner = type_.strip("[]{}")
        if inner in recorded["types"] and inner not in types:
            types[inner] = {}
            types[inner] = _kept(recorded, types, recorded["types"][inner])
        kept[name] = " ".join([type_, *(word for word in words if word != DEPRECATED)])
    return kept
