"""Whether the inputs of a resource are ones that its plug-in takes: names, types, what is required, nested too.

Hetzner's resources are checked against the record of the plug-in's own schema; the others against the classes that the
same schema was made into, in the pinned SDKs.
"""

import collections.abc
import enum
import inspect
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pulumi_command as command
import pulumi_gcp as gcp
from pulumi import _types

from tests.contracts import hcloud
from tests.program.recording import Secret

SIMULATED: Mapping[str, Mapping[str, type]] = {
    "simulated:index:Site": {"stack": str},
    "simulated:index:Host": {
        "name": str,
        "machineClass": str,
        "system": str,
        "user": str,
        "authorizedKeys": list,
    },
    "pulumi:providers:simulated": {"stack": str},
}
"""What the embedded cloud's own resources are told, all of it required."""

_SCALARS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


@cache
def arguments() -> Mapping[str, type]:
    """The SDK's class of arguments of each type in use."""
    return {
        "command:local:Command": command.local.CommandArgs,
        "gcp:compute/address:Address": gcp.compute.AddressArgs,
        "gcp:compute/firewall:Firewall": gcp.compute.FirewallArgs,
        "gcp:compute/instance:Instance": gcp.compute.InstanceArgs,
        "gcp:dns/managedZone:ManagedZone": gcp.dns.ManagedZoneArgs,
        "gcp:dns/recordSet:RecordSet": gcp.dns.RecordSetArgs,
        "gcp:storage/bucket:Bucket": gcp.storage.BucketArgs,
        "gcp:compute/disk:Disk": gcp.compute.DiskArgs,
        "gcp:compute/image:Image": gcp.compute.ImageArgs,
        "gcp:kms/keyRing:KeyRing": gcp.kms.KeyRingArgs,
        "gcp:kms/cryptoKey:CryptoKey": gcp.kms.CryptoKeyArgs,
        "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": gcp.kms.CryptoKeyIAMMemberArgs,
        "gcp:serviceaccount/account:Account": gcp.serviceaccount.AccountArgs,
        "gcp:projects/iAMMember:IAMMember": gcp.projects.IAMMemberArgs,
        "pulumi:providers:command": command.ProviderArgs,
        "pulumi:providers:gcp": gcp.ProviderArgs,
    }


def wrong_in_schema(type_: str, inputs: Mapping[str, Any]) -> list[str]:
    """What is wrong with the inputs of a resource of Hetzner's, or of its provider, by the schema."""
    schema = hcloud.recorded()
    if type_ == "pulumi:providers:hcloud":
        properties = schema["provider"]
    elif type_ in schema["resources"]:
        properties = schema["resources"][type_]["inputs"]
    else:
        return [f"{type_}: no such resource"]
    return list(_object(inputs, properties, type_))


def _object(value: Mapping[str, Any], properties: Mapping[str, str], where: str) -> Iterator[str]:
    for name in hcloud.named(properties, hcloud.REQUIRED) - value.keys():
        yield f"{where}.{name}: is required"
    for name, inner in value.items():
        if name not in properties:
            yield f"{where}.{name}: no such property"
        elif name in hcloud.named(properties, hcloud.DEPRECATED):
            yield f"{where}.{name}: is deprecated"
        else:
            yield from _value(inner, properties[name].split(" ")[0], f"{where}.{name}")


def _value(value: Any, kind: str, where: str) -> Iterator[str]:
    value = value.value if isinstance(value, Secret) else value
    if kind.startswith("["):
        if not isinstance(value, list):
            yield f"{where}: {value!r} is not a list"
            return
        for index, inner in enumerate(value):
            yield from _value(inner, kind[1:-1], f"{where}[{index}]")
    elif kind in _SCALARS:
        if type(value) not in _SCALARS[kind]:
            yield f"{where}: {value!r} is not of type {kind}"
    elif not isinstance(value, dict):
        yield f"{where}: {value!r} is not an object"
    elif kind.startswith("{"):
        for name, inner in value.items():
            yield from _value(inner, kind[1:-1], f"{where}.{name}")
    else:
        yield from _object(value, hcloud.recorded()["types"][kind], where)


def wrong_in_arguments(type_: str, inputs: Mapping[str, Any]) -> list[str]:
    """What is wrong with the inputs of a resource by the SDK's own class of arguments."""
    if type_ not in arguments():
        return [f"{type_}: no such resource"]
    return list(_arguments(inputs, arguments()[type_], type_))


def _arguments(value: Mapping[str, Any], kind: type, where: str) -> Iterator[str]:
    types = _types.input_type_types(kind)
    names = _types.input_type_py_to_pulumi_names(kind)
    for name, parameter in inspect.signature(kind).parameters.items():
        if parameter.default is parameter.empty and name in names and names[name] not in value:
            yield f"{where}.{names[name]}: is required"
    for name, inner in value.items():
        if name not in types:
            yield f"{where}.{name}: no such property"
        else:
            yield from _typed(inner, types[name], f"{where}.{name}")


def _typed(value: Any, kind: Any, where: str) -> Iterator[str]:
    value = value.value if isinstance(value, Secret) else value
    kind = _without_futures(kind)
    origin = typing.get_origin(kind)
    if origin is collections.abc.Sequence:
        if not isinstance(value, list):
            yield f"{where}: {value!r} is not a list"
            return
        for index, inner in enumerate(value):
            yield from _typed(inner, typing.get_args(kind)[0], f"{where}[{index}]")
    elif origin is collections.abc.Mapping:
        if not isinstance(value, dict):
            yield f"{where}: {value!r} is not an object"
            return
        for name, inner in value.items():
            yield from _typed(inner, typing.get_args(kind)[1], f"{where}.{name}")
    elif _types.is_input_type(kind):
        if isinstance(value, dict):
            yield from _arguments(value, kind, where)
        else:
            yield f"{where}: {value!r} is not an object"
    elif kind is not Any and not _is_a(value, kind):
        yield f"{where}: {value!r} is not a {kind.__name__}"


def _is_a(value: Any, kind: type) -> bool:
    if issubclass(kind, enum.Enum):
        return value in [member.value for member in kind]
    return type(value) is kind or (kind is float and type(value) is int)


def _without_futures(kind: Any) -> Any:
    """`Input[T]` as `T`: the SDK allows an awaitable and an output of each type, and plain data for each class."""
    choices = [choice for choice in typing.get_args(kind) if typing.get_origin(kind) is typing.Union]
    plain = [
        choice
        for choice in choices
        if choice is not type(None)
        and typing.get_origin(choice) is not collections.abc.Awaitable
        and getattr(typing.get_origin(choice), "__name__", "") != "Output"
        and not typing.is_typeddict(choice)
    ]
    return _without_futures(plain[0]) if plain else kind


def wrong_in_simulated(type_: str, inputs: Mapping[str, Any]) -> list[str]:
    """What is wrong with the inputs of a resource of the embedded cloud's own."""
    expected = SIMULATED.get(type_)
    if expected is None:
        return [f"{type_}: no such resource"]
    wrong = [f"{type_}.{name}: no such property" for name in inputs.keys() - expected.keys()]
    wrong += [f"{type_}.{name}: is required" for name in expected.keys() - inputs.keys()]
    return wrong + [
        f"{type_}.{name}: {inputs[name]!r} is not a {kind.__name__}"
        for name, kind in expected.items()
        if name in inputs and type(inputs[name]) is not kind
    ]
