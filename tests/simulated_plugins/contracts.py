"""Reads the properties that the real packages declare: from the record of hcloud's schema and from the installed SDKs.

The plug-ins keep these facts, without prose, as `schema.json` beside their code; the tests compare the two. After an
upgrade of an SDK, write them again with `python -m tests.simulated_plugins.contracts`.
"""

import inspect
import json
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.contracts import hcloud

Facts = dict[str, Any]

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "fediversity/embedded_cloud/plugins"

HCLOUD_RESOURCES = (
    "sshKey:SshKey",
    "firewall:Firewall",
    "primaryIp:PrimaryIp",
    "server:Server",
    "zone:Zone",
    "zoneRrset:ZoneRrset",
    "network:Network",
    "networkSubnet:NetworkSubnet",
    "serverNetwork:ServerNetwork",
    "placementGroup:PlacementGroup",
    "volume:Volume",
    "volumeAttachment:VolumeAttachment",
    "rdns:Rdns",
)
GCP_RESOURCES = (
    "compute/address:Address",
    "compute/firewall:Firewall",
    "compute/instance:Instance",
    "dns/managedZone:ManagedZone",
    "dns/recordSet:RecordSet",
    "storage/bucket:Bucket",
    "compute/disk:Disk",
    "compute/image:Image",
    "kms/keyRing:KeyRing",
    "kms/cryptoKey:CryptoKey",
    "kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
    "serviceaccount/account:Account",
    "projects/iAMMember:IAMMember",
)

_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean", object: "any"}


def hcloud_facts() -> Facts:
    """Returns the served part of hcloud's recorded Pulumi schema."""
    return hcloud.served(hcloud.recorded(), [f"hcloud:index/{name}" for name in HCLOUD_RESOURCES])


def sdk_facts(package: str, tokens: Iterable[str], module_of: typing.Callable[[str], Any]) -> Facts:
    """Returns what a generated Python SDK declares: its `…Args` classes and the getters of the resources."""
    nested: Facts = {}
    resources = {}
    for token in tokens:
        module = module_of(token)
        name = token.split(":")[-1]
        args = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")
        reader = _SdkReader(nested, getattr(module, "_inputs", None))
        resources[f"{package}:{token}"] = {
            "inputs": reader.arguments(args),
            "outputs": reader.getters(getattr(module, name)),
        }
    return {"package": package, "types": dict(sorted(nested.items())), "resources": resources}


class _SdkReader:
    def __init__(self, nested: Facts, inputs: Any) -> None:
        self.nested = nested
        self.inputs = inputs

    def arguments(self, args: type) -> dict[str, str]:
        """Returns the properties of an `…Args` class by their Pulumi names."""
        found = {}
        for parameter in list(inspect.signature(args).parameters.values()):
            getter = getattr(args, parameter.name)
            found[_engine_name(getter, parameter.name)] = _line(
                self.type_of(parameter.annotation),
                required=parameter.default is inspect.Parameter.empty,
                replaces="Changing this forces a new resource" in (inspect.getdoc(getter) or ""),
            )
        return dict(sorted(found.items()))

    def getters(self, resource: type) -> dict[str, str]:
        """Returns the outputs of a resource class by their Pulumi names."""
        found = {}
        for name, getter in vars(resource).items():
            if isinstance(getter, property) and getter.fget is not None:
                annotation = typing.get_args(getter.fget.__annotations__["return"])[0]
                optional = types.NoneType in typing.get_args(annotation)
                found[_engine_name(getter, name)] = _line(self.type_of(annotation), required=not optional)
        return dict(sorted(found.items()))

    def type_of(self, annotation: Any) -> str:
        """Returns a type in the notation of `schema.json`."""
        options = [_forward(option) for option in _options(annotation)]
        options = [option for option in options if not _plumbing(option)]
        if not options:
            return "any"
        choice = options[0]
        if isinstance(choice, str):
            return self._nested(choice)
        origin, arguments = typing.get_origin(choice), typing.get_args(choice)
        if origin is not None and issubclass(origin, Mapping):
            return f"{{{self.type_of(arguments[1])}}}"
        if origin is not None and issubclass(origin, Sequence):
            return f"[{self.type_of(arguments[0])}]"
        if choice in _SCALARS:
            return _SCALARS[choice]
        return "string" if issubclass(choice, str) else self._nested(choice.__name__)

    def _nested(self, name: str) -> str:
        short = name.rpartition(".")[2].removesuffix("Args")
        if short == "Logging":
            return "string"
        declared = getattr(self.inputs, f"{short}Args", None)
        if short not in self.nested and declared is not None:
            self.nested[short] = {}
            self.nested[short] = self.arguments(declared)
        return short


def _options(annotation: Any) -> tuple[Any, ...]:
    return (
        typing.get_args(annotation)
        if typing.get_origin(annotation) in (typing.Union, types.UnionType)
        else (annotation,)
    )


def _forward(option: Any) -> Any:
    return option.__forward_arg__ if isinstance(option, typing.ForwardRef) else option


def _plumbing(option: Any) -> bool:
    """Parts of an SDK annotation without information about the value: None, awaitables, outputs, typed dictionaries."""
    if option is types.NoneType or option is Any:
        return True
    if isinstance(option, str):
        return option.startswith("Output[") or option.endswith("ArgsDict") or option == "T"
    return getattr(typing.get_origin(option), "__name__", "") in {"Awaitable", "Output"}


def _engine_name(getter: Any, fallback: str) -> str:
    return str(getattr(getter.fget, "_pulumi_name", fallback))


def _line(type_name: str, *, required: bool, replaces: bool = False) -> str:
    return " ".join([type_name, *(["required"] if required else []), *(["replaces"] if replaces else [])])


def hcloud_sdk_facts() -> Facts:
    """Returns the served part of the installed pulumi_hcloud SDK, which does not declare replacements."""
    import pulumi_hcloud  # noqa: PLC0415 - only the comparison needs it

    return sdk_facts("hcloud", [f"index/{name}" for name in HCLOUD_RESOURCES], lambda _: pulumi_hcloud)


def gcp_facts() -> Facts:
    """Returns the served part of the installed pulumi_gcp SDK."""
    import pulumi_gcp  # noqa: PLC0415 - 1.6 s; only the comparison needs it

    return sdk_facts("gcp", GCP_RESOURCES, lambda token: getattr(pulumi_gcp, token.split("/")[0]))


def command_facts() -> Facts:
    """Returns the served part of the installed pulumi_command SDK."""
    from pulumi_command import local  # noqa: PLC0415 - as above

    return sdk_facts("command", ("local:Command",), lambda _: local)


def facts_path(package: str) -> Path:
    """Returns the path of a package's facts."""
    return PLUGINS / package / "schema.json"


def main() -> None:
    """Writes the facts of all packages."""
    for facts in (hcloud_facts(), gcp_facts(), command_facts()):
        facts_path(facts["package"]).write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
