"""Checks a resource's inputs against its schema and reports all unknown, missing and wrongly typed properties.

Messages about a value's type never repeat the value: it may be a secret.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fediversity.embedded_cloud.plugins.problems import Problem, did_you_mean, not_simulated
from fediversity.embedded_cloud.plugins.schema import Properties, Property, ResourceSchema
from fediversity.embedded_cloud.plugins.values import UNKNOWN, Values, public, without_nulls

DEFAULTS_KEY = "__defaults"
"""The key under which bridged providers record which inputs they filled in."""


NamingMode = Literal["propose", "enforce", "disable"]


@dataclass(frozen=True)
class Naming:
    """How a missing `name` is filled in: Pulumi's settings for automatic names.

    `propose` appends random digits to the proposed name or the resource's name, `enforce` uses the proposed name
    unchanged, `disable` requires a name. `seed` comes from Pulumi, so that a repeated check gives the same name.
    """

    resource: str
    seed: bytes = b""
    proposed: str = ""
    mode: NamingMode = "propose"


@dataclass(frozen=True)
class CheckedInputs:
    """Checked inputs as Pulumi should store them, and the problems found in them."""

    inputs: Values
    problems: tuple[Problem, ...]

    @property
    def usable(self) -> Values:
        """The inputs with invalid values replaced by UNKNOWN, for rules that read several properties."""
        invalid = {problem.path.split(".")[0].split("[")[0] for problem in self.problems}
        return {name: UNKNOWN if name in invalid else value for name, value in public(self.inputs).items()}


def check_inputs(
    schema: ResourceSchema, news: Mapping[str, Any], olds: Mapping[str, Any], naming: Naming
) -> CheckedInputs:
    """Checks new inputs of a resource and fills in defaults and its name. `olds` are the previous inputs."""
    values = without_nulls(public(news))
    problems = [*_unknown_names("", schema.inputs, values)]
    inputs: Values = {}
    for name, declared in schema.inputs.items():
        if name in values:
            inputs[name], type_problems = _convert(schema, declared, values[name], name)
            problems += [not_simulated(name)] if name in schema.extra.not_simulated else type_problems
    filled = [name for name in schema.extra.defaults if name not in inputs]
    inputs |= {name: schema.extra.defaults[name] for name in filled}
    if schema.autonamed and "name" not in inputs:
        name, problem = _automatic_name(naming, olds)
        inputs["name"] = name
        filled.append("name")
        problems += problem
    problems += [
        Problem(name, "is missing")
        for name, declared in schema.inputs.items()
        if declared.required and name not in inputs
    ]
    bookkeeping = {DEFAULTS_KEY: sorted(filled)} if schema.records_defaults else {}
    return CheckedInputs(inputs | bookkeeping, tuple(problems))


def _automatic_name(naming: Naming, olds: Mapping[str, Any]) -> tuple[str, list[Problem]]:
    if "name" in olds.get(DEFAULTS_KEY, ()) and isinstance(olds.get("name"), str):
        return olds["name"], []
    if naming.mode == "disable":
        return "", [Problem("name", "is missing, and automatic names are switched off")]
    if naming.mode == "enforce":
        return naming.proposed, []
    base = naming.proposed or naming.resource
    return f"{base}-{hashlib.sha256(naming.seed + base.encode()).hexdigest()[:7]}", []


def _unknown_names(path: str, declared: Properties, values: Mapping[str, Any]) -> Iterator[Problem]:
    for name in values:
        if name not in declared:
            yield Problem(_join(path, name), f"there is no such property{did_you_mean(name, declared)}")


def _convert(schema: ResourceSchema, declared: Property, value: Any, path: str) -> tuple[Any, list[Problem]]:
    """Returns the value converted to its declared type, and the problems found."""
    if value is UNKNOWN or declared.type == "any":
        return value, []
    if declared.type.startswith("["):
        return _convert_list(schema, declared, value, path)
    if declared.type.startswith("{"):
        return _convert_map(schema, declared, value, path)
    if declared.type in schema.types:
        return _convert_object(schema, schema.types[declared.type], value, path)
    return _convert_scalar(declared.type, value, path)


def _convert_list(schema: ResourceSchema, declared: Property, value: Any, path: str) -> tuple[Any, list[Problem]]:
    if not isinstance(value, list) or declared.item is None:
        return value, [_type_problem(path, "a list", value)]
    converted = [_convert(schema, declared.item, item, f"{path}[{index}]") for index, item in enumerate(value)]
    return [item for item, _ in converted], [problem for _, problems in converted for problem in problems]


def _convert_map(schema: ResourceSchema, declared: Property, value: Any, path: str) -> tuple[Any, list[Problem]]:
    if not isinstance(value, dict) or declared.item is None:
        return value, [_type_problem(path, "a map", value)]
    converted = {key: _convert(schema, declared.item, item, _join(path, key)) for key, item in value.items()}
    problems = [problem for _, problems in converted.values() for problem in problems]
    return {key: item for key, (item, _) in converted.items()}, problems


def _convert_object(schema: ResourceSchema, fields: Properties, value: Any, path: str) -> tuple[Any, list[Problem]]:
    if not isinstance(value, dict):
        return value, [_type_problem(path, "an object", value)]
    problems = [*_unknown_names(path, fields, value)]
    result = dict(value)
    for name, declared in fields.items():
        if name in value:
            result[name], field_problems = _convert(schema, declared, value[name], _join(path, name))
            problems += field_problems
        elif declared.required:
            problems.append(Problem(_join(path, name), "is missing"))
    return result, problems


_EXPECTED: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "string": ("a string", (str,)),
    "boolean": ("true or false", (bool,)),
    "integer": ("a whole number", (int,)),
    "number": ("a number", (int, float)),
}


def _convert_scalar(type_name: str, value: Any, path: str) -> tuple[Any, list[Problem]]:
    words, accepted = _EXPECTED.get(type_name, (f"an {type_name.lower()}", ()))
    if isinstance(value, bool):
        return value, [] if bool in accepted else [_type_problem(path, words, value)]
    if type_name == "integer" and isinstance(value, str) and value.isdecimal():
        return int(value), []  # as the real providers do: for Pulumi the id of a resource is a string
    return value, [] if isinstance(value, accepted) else [_type_problem(path, words, value)]


def _type_problem(path: str, expected: str, value: Any) -> Problem:
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a string", list: "a list"}
    return Problem(path, f"must be {expected}, not {names.get(type(value), 'an object')}")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
