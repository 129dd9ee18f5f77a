"""A validator for the part of JSON Schema that the fleet's schema uses; any other keyword is an error of the test."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_ANNOTATIONS = frozenset(
    {"$schema", "$defs", "title", "description", "default", "examples", "discriminator", "then", "if"}
)
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "null": lambda value: value is None,
}


class SchemaValidator:
    """Checks data against a schema and says where it does not fit."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.root = schema

    def wrong(self, value: Any) -> list[str]:
        """The places that do not fit, each with the keyword that says so."""
        return list(self._wrong(self.root, value, ""))

    def _fits(self, schema: Mapping[str, Any], value: Any) -> bool:
        return next(self._wrong(schema, value, ""), None) is None

    def _wrong(self, schema: Mapping[str, Any], value: Any, where: str) -> Iterator[str]:
        for keyword, expected in schema.items():
            if keyword in _ANNOTATIONS:
                continue
            check = getattr(self, f"_{keyword.lstrip('$')}", None)
            assert check is not None, f"the schema uses the keyword {keyword}, which this validator does not know"
            yield from check(expected, value, where, schema)
        if "if" in schema and self._fits(schema["if"], value):
            yield from self._wrong(schema["then"], value, where)

    def _ref(self, target: str, value: Any, where: str, _schema: Any) -> Iterator[str]:
        name = target.removeprefix("#/$defs/")
        yield from self._wrong(self.root["$defs"][name], value, where)

    def _type(self, name: str, value: Any, where: str, _schema: Any) -> Iterator[str]:
        if not _TYPES[name](value):
            yield f"{where}: type"

    def _const(self, expected: Any, value: Any, where: str, _schema: Any) -> Iterator[str]:
        if value != expected:
            yield f"{where}: const"

    def _enum(self, choices: list[Any], value: Any, where: str, _schema: Any) -> Iterator[str]:
        if value not in choices:
            yield f"{where}: enum"

    def _pattern(self, pattern: str, value: Any, where: str, _schema: Any) -> Iterator[str]:
        if isinstance(value, str) and not re.search(pattern, value):
            yield f"{where}: pattern"

    def _minimum(self, limit: int, value: Any, where: str, _schema: Any) -> Iterator[str]:
        if isinstance(value, int | float) and value < limit:
            yield f"{where}: minimum"

    def _maximum(self, limit: int, value: Any, where: str, _schema: Any) -> Iterator[str]:
        if isinstance(value, int | float) and value > limit:
            yield f"{where}: maximum"

    def _minItems(self, limit: int, value: Any, where: str, _schema: Any) -> Iterator[str]:  # noqa: N802
        if isinstance(value, list) and len(value) < limit:
            yield f"{where}: minItems"

    def _minProperties(self, limit: int, value: Any, where: str, _schema: Any) -> Iterator[str]:  # noqa: N802
        if isinstance(value, dict) and len(value) < limit:
            yield f"{where}: minProperties"

    def _required(self, names: list[str], value: Any, where: str, _schema: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from (f"{where}.{name}: required" for name in names if name not in value)

    def _items(self, schema: Any, value: Any, where: str, _schema: Any) -> Iterator[str]:
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from self._wrong(schema, item, f"{where}[{index}]")

    def _properties(self, schemas: Any, value: Any, where: str, _schema: Any) -> Iterator[str]:
        for name in schemas if isinstance(value, dict) else ():
            if name in value:
                yield from self._wrong(schemas[name], value[name], f"{where}.{name}")

    def _additionalProperties(self, schema: Any, value: Any, where: str, around: Any) -> Iterator[str]:  # noqa: N802
        for name in set(value) - set(around.get("properties", {})) if isinstance(value, dict) else ():
            if schema is False:
                yield f"{where}.{name}: additionalProperties"
            elif schema is not True:
                yield from self._wrong(schema, value[name], f"{where}.{name}")

    def _propertyNames(self, schema: Any, value: Any, where: str, _schema: Any) -> Iterator[str]:  # noqa: N802
        for name in value if isinstance(value, dict) else ():
            yield from self._wrong(schema, name, f"{where}.{name}")

    def _anyOf(self, schemas: list[Any], value: Any, where: str, _schema: Any) -> Iterator[str]:  # noqa: N802
        if not any(self._fits(schema, value) for schema in schemas):
            yield f"{where}: anyOf"

    def _oneOf(self, schemas: list[Any], value: Any, where: str, _schema: Any) -> Iterator[str]:  # noqa: N802
        if sum(self._fits(schema, value) for schema in schemas) != 1:
            yield f"{where}: oneOf"

    def _allOf(self, schemas: list[Any], value: Any, where: str, _schema: Any) -> Iterator[str]:  # noqa: N802
        for schema in schemas:
            yield from self._wrong(schema, value, where)
