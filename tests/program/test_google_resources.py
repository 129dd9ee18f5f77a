"""Google's resources without the SDK's modules: what is registered is what the SDK's own classes register."""

import collections.abc
import inspect
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from typing import Any

import pulumi_gcp as gcp
import pytest
from pulumi import _types

from fediversity.fleet.model import Fleet
from fediversity.program.google import resources
from tests.planning.samples import PROJECT, every_kind
from tests.program.contracts import _without_futures
from tests.program.google_fleet import google_fleet
from tests.program.programs import DEV, PRODUCTION, declare

MODULES = {
    "Account": gcp.serviceaccount,
    "Address": gcp.compute,
    "Bucket": gcp.storage,
    "CryptoKey": gcp.kms,
    "CryptoKeyIAMMember": gcp.kms,
    "Disk": gcp.compute,
    "Firewall": gcp.compute,
    "IAMMember": gcp.projects,
    "Image": gcp.compute,
    "Instance": gcp.compute,
    "KeyRing": gcp.kms,
    "ManagedZone": gcp.dns,
    "RecordSet": gcp.dns,
}
"""Where the SDK has the class of each name."""


def args_of(name: str) -> type:
    """The SDK's class of arguments."""
    found: type = getattr(MODULES[name], f"{name}Args", None) or getattr(MODULES[name], f"{name}InitArgs")
    return found


def properties(kind: type, seen: frozenset[type] = frozenset()) -> Iterator[tuple[str, str, Any]]:
    """Every property of a class of arguments at any depth: its name in Python, in the engine, and its type."""
    names = _types.input_type_py_to_pulumi_names(kind)
    types = _types.input_type_types(kind)
    for name, engine_name in names.items():
        inner = _without_futures(types[engine_name])
        yield name, engine_name, inner
        while typing.get_origin(inner) is collections.abc.Sequence:
            inner = _without_futures(typing.get_args(inner)[0])
        if inspect.isclass(inner) and _types.is_input_type(inner) and inner not in seen:
            yield from properties(inner, seen | {kind})


def test_every_class_stands_for_one_of_the_sdk() -> None:
    assert set(resources.__all__) == {*MODULES, "project_service_account"}


@pytest.mark.parametrize("name", MODULES)
def test_each_property_has_the_engine_s_name_and_only_free_keys_are_left_alone(name: str) -> None:
    for property_, engine_name, kind in properties(args_of(name)):
        assert resources.engine_name(property_) == engine_name
        if typing.get_origin(kind) is collections.abc.Mapping:
            assert property_ in resources.VERBATIM, f"the keys of {property_} are a person's own"


@pytest.mark.parametrize("name", MODULES)
def test_each_output_is_one_of_the_sdk_s_class(name: str) -> None:
    for output in getattr(resources, name).tells:
        assert isinstance(getattr(getattr(MODULES[name], name), output), property)


@pytest.mark.parametrize("settings", [DEV, PRODUCTION], ids=["simulated", "real"])
@pytest.mark.parametrize("fleet", [every_kind, google_fleet], ids=["every kind", "all of Google's"])
def test_what_is_registered_is_what_the_sdk_s_classes_register(
    monkeypatch: pytest.MonkeyPatch, settings: Any, fleet: Callable[[], Fleet]
) -> None:
    ours = declare(fleet(), settings)
    for name, module in MODULES.items():
        monkeypatch.setattr(resources, name, getattr(module, name))

    theirs = declare(fleet(), settings)

    assert {entry.urn: entry for entry in ours.all} == {entry.urn: entry for entry in theirs.all}
    assert ours.outputs == theirs.outputs


LOADED = """
import sys
from tests.program.programs import DEV, declare
from tests.planning.samples import PROJECT, every_kind
declare(every_kind(), DEV)
print(*(name for name in sys.modules if name.startswith("pulumi_gcp.")))
"""


def test_a_program_that_declares_google_s_resources_loads_none_of_the_sdk_s_large_modules() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOADED], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "pulumi_gcp.provider" in loaded
    assert not {name for name in loaded if name.endswith((".compute._inputs", ".storage._inputs", ".dns._inputs"))}
