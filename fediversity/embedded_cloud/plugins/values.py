"""Plain property values: what JSON has, and one marker for a value the engine does not know yet."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

Values = dict[str, Any]
"""Properties of a resource by name. A property that is absent or null is not set."""


class Unknown(Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN
"""A value that another resource will give; only previews have it."""


def has_unknown(value: Any) -> bool:
    """Whether a value is unknown or holds something that is."""
    if isinstance(value, dict):
        return any(map(has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(has_unknown, value))
    return value is UNKNOWN


def without_nulls(value: Any) -> Any:
    """The same value without null properties, at any depth; nulls in lists stay."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def public(values: Mapping[str, Any]) -> Values:
    """The properties a person set: without the bookkeeping of engine and providers, whose names start with `__`."""
    return {name: value for name, value in values.items() if not name.startswith("__")}


def known(value: Any) -> Any:
    """A value, or None when it is not known yet: for rules that only judge what they can see."""
    return None if has_unknown(value) else value
