"""Defines plain property values: JSON values, and a marker for values that Pulumi does not know yet."""

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
"""A value that another resource will provide; occurs in previews only."""


def has_unknown(value: Any) -> bool:
    """Returns whether a value is unknown or contains an unknown value."""
    if isinstance(value, dict):
        return any(map(has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(has_unknown, value))
    return value is UNKNOWN


def without_nulls(value: Any) -> Any:
    """Returns the value without null properties, at any depth; nulls in lists stay."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def public(values: Mapping[str, Any]) -> Values:
    """Returns the properties set by the user, without the bookkeeping of Pulumi and providers (names with `__`)."""
    return {name: value for name, value in values.items() if not name.startswith("__")}


def known(value: Any) -> Any:
    """Returns the value, or None if it is unknown: for rules that only check known values."""
    return None if has_unknown(value) else value
