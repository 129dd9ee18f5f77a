"""Tests the conversion of plain values to the structures of the protocol and back."""

from typing import Any

import pytest
from google.protobuf import struct_pb2

from fediversity.embedded_cloud.plugins.protobuf_values import plain, structure
from fediversity.embedded_cloud.plugins.values import UNKNOWN


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"a": "text", "b": 5, "c": 0.5, "d": True, "e": False},
        {"list": [1, "two", [3]], "map": {"x": {"y": "z"}}, "empty": [], "none": {}},
        {"unknown": UNKNOWN, "deep": [{"unknown": UNKNOWN}]},
    ],
)
def test_values_come_back_as_they_went(values: dict[str, Any]) -> None:
    assert plain(structure(values)) == values


def test_whole_numbers_come_back_whole() -> None:
    assert isinstance(plain(structure({"port": 22}))["port"], int)


def test_null_properties_are_left_out() -> None:
    assert plain(structure({"a": None, "b": {"c": None}})) == {"b": {}}


def test_a_secret_comes_as_its_content() -> None:
    wrapped = struct_pb2.Struct()
    wrapped.update(
        {"token": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "simulated"}}
    )
    assert plain(wrapped) == {"token": "simulated"}
