"""Compares old and new inputs of a resource and decides whether a change replaces it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fediversity.embedded_cloud.plugins.checks import DEFAULTS_KEY
from fediversity.embedded_cloud.plugins.schema import Property, ResourceSchema
from fediversity.embedded_cloud.plugins.values import UNKNOWN, public, without_nulls

_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$]*")


@dataclass(frozen=True)
class PropertyChange:
    """One changed value; `path` is in Pulumi's notation, e.g. `rules[0].port` or `labels["a.b"]`."""

    path: str
    kind: Literal["add", "delete", "update"]
    replaces: bool


@dataclass(frozen=True)
class InputDiff:
    """All changes, and whether a replacement must delete the old resource first."""

    changes: tuple[PropertyChange, ...]
    delete_before_replace: bool = False

    @property
    def properties(self) -> tuple[str, ...]:
        """The changed top-level properties."""
        return _top_level(self.changes)

    @property
    def replaces(self) -> tuple[str, ...]:
        """The top-level properties that require a new resource."""
        return _top_level(change for change in self.changes if change.replaces)


def diff_inputs(schema: ResourceSchema, olds: Mapping[str, Any], news: Mapping[str, Any]) -> InputDiff:
    """Compares the inputs of a resource. An unknown value counts as changed, as in the real providers.

    A resource with a name given by the user must be deleted before its replacement can take the name.
    """
    old, new = without_nulls(public(olds)), without_nulls(public(news))
    walk = _Comparison(schema)
    changes = tuple(
        change
        for name in sorted(old.keys() | new.keys())
        if (declared := schema.inputs.get(name)) is not None
        for change in walk.compare(declared, old.get(name), new.get(name), name, name)
    )
    named_by_hand = schema.autonamed and "name" not in news.get(DEFAULTS_KEY, ())
    first = schema.extra.delete_before_replace or named_by_hand
    return InputDiff(changes, first and any(change.replaces for change in changes))


@dataclass(frozen=True)
class _Comparison:
    schema: ResourceSchema

    def compare(self, declared: Property, old: Any, new: Any, path: str, route: str) -> Iterator[PropertyChange]:
        """Yields the changes below `path`; `route` is the path without list positions, as in `Extra`."""
        replaces = self.schema.replaces(route, declared)
        if new is not UNKNOWN and self._same(old, new, route):
            return
        if new is None and route in self.schema.extra.kept:
            return
        if old is None or new is None or UNKNOWN in (old, new) or type(old) is not type(new):
            yield PropertyChange(path, _kind(old, new), replaces)
        elif declared.type in self.schema.types:
            yield from self._fields(declared, old, new, path, route)
        elif isinstance(old, dict):
            yield from self._entries(declared, replaces, old, new, path, route)
        elif isinstance(old, list):
            yield from self._items(declared, replaces, old, new, path, route)
        else:
            shrinks = route in self.schema.extra.grows and new < old
            yield PropertyChange(path, "update", replaces or shrinks)

    def _fields(
        self, declared: Property, old: Mapping[str, Any], new: Mapping[str, Any], path: str, route: str
    ) -> Iterator[PropertyChange]:
        fields = self.schema.types[declared.type]
        for name in sorted(old.keys() | new.keys()):
            if name in fields:
                yield from self.compare(fields[name], old.get(name), new.get(name), f"{path}.{name}", f"{route}.{name}")

    def _entries(
        self,
        declared: Property,
        replaces: bool,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        path: str,
        route: str,
    ) -> Iterator[PropertyChange]:
        item = self._element(declared, replaces)
        for key in sorted(old.keys() | new.keys()):
            step = f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key)}]"
            yield from self.compare(item, old.get(key), new.get(key), path + step, route)

    def _items(
        self, declared: Property, replaces: bool, old: list[Any], new: list[Any], path: str, route: str
    ) -> Iterator[PropertyChange]:
        item = self._element(declared, replaces)
        shared = min(len(old), len(new))
        for index in range(shared):
            yield from self.compare(item, old[index], new[index], f"{path}[{index}]", route)
        for index in range(shared, max(len(old), len(new))):
            yield PropertyChange(f"{path}[{index}]", "add" if index < len(new) else "delete", replaces)

    def _element(self, declared: Property, replaces: bool) -> Property:
        """Returns the property of an element: plain values are replaced like their collection, unlike objects."""
        item = declared.item or Property("any")
        return Property(item.type, replaces=replaces and item.type not in self.schema.types)

    def _same(self, old: Any, new: Any, route: str) -> bool:
        if route in self.schema.extra.sets and isinstance(old, list) and isinstance(new, list):
            return UNKNOWN not in new and sorted(map(_key, old)) == sorted(map(_key, new))
        return type(old) is type(new) and bool(old == new)


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


def _kind(old: Any, new: Any) -> Literal["add", "delete", "update"]:
    if old is None:
        return "add"
    return "delete" if new is None else "update"


def _top_level(changes: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(re.split(r"[.\[]", change.path, maxsplit=1)[0] for change in changes))
