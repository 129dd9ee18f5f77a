"""Converts plain values to and from the protobuf structures of the protocol."""

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2

from fediversity.embedded_cloud.plugins.values import UNKNOWN, Values

_UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS = frozenset(
    {
        _UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
"""The placeholders that Pulumi sends for unknown values, by type."""

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - how the protocol marks a secret, not one


def plain(structure: struct_pb2.Struct) -> Values:
    """Converts a structure to plain values. Whole numbers become int; secrets become their content."""
    return {name: _plain(value) for name, value in structure.fields.items()}


def _plain(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            return _unwrapped(plain(value.struct_value))
        case "list_value":
            return [_plain(item) for item in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
        case "bool_value":
            return value.bool_value
    return None


def _unwrapped(values: Values) -> Any:
    return values.get("value") if values.get(_SIGNATURE) == _SECRET else values


def structure(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Converts plain values to a structure, without null properties."""
    fields = {name: _value(value) for name, value in values.items() if value is not None}
    return struct_pb2.Struct(fields=fields)


def _value(value: Any) -> struct_pb2.Value:
    if value is UNKNOWN:
        return struct_pb2.Value(string_value=_UNKNOWN_STRING)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, Mapping):
        return struct_pb2.Value(struct_value=structure(value))
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_value(item) for item in value]))
