"""Runs a Pulumi program without an engine and records what it registers, with every resource option.

Pulumi's own mocks hide dependencies, protection and ignored changes and give wrong URNs to grandchildren. So the
monitor is replaced as a whole: it writes down each request as the engine would receive it, and answers like a cloud
that has created the resource.
"""

import asyncio
import contextvars
import json
import os
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import mocks, run_in_stack, settings
from pulumi.runtime.config import get_config_env, set_all_config
from pulumi.runtime.proto import resource_pb2

PROJECT = "fediversity"

_SECRET_MARK = "4dabf18193072939515e22adb298388d"
_STACK_TYPE = "pulumi:pulumi:Stack"
_PROVIDER_PREFIX = "pulumi:providers:"

_CREATED: Mapping[str, Mapping[str, Any]] = {
    "simulated:index:Site": {"publicKey": "ssh-ed25519 AAAASITE simulated"},
    "simulated:index:Host": {"address": "127.64.9.9"},
    "hcloud:index/primaryIp:PrimaryIp": {"ipAddress": "127.64.0.1"},
    "gcp:compute/address:Address": {"address": "127.64.0.2"},
    "hcloud:index/zone:Zone": {"authoritativeNameservers": {"assigneds": ["ns1.hetzner.simulated."]}},
    "gcp:dns/managedZone:ManagedZone": {"nameServers": ["ns1.simulated."]},
    "gcp:storage/bucket:Bucket": {"url": "gs://simulated"},
    "gcp:compute/disk:Disk": {"selfLink": "https://cloud/disk"},
    "gcp:compute/image:Image": {"selfLink": "https://cloud/image"},
    "gcp:serviceaccount/account:Account": {
        "email": "account@simulated",
        "member": "serviceAccount:account@simulated",
        "project": "simulated",
    },
}
"""What a cloud tells of a new resource, on top of what it was asked for."""


@dataclass(frozen=True)
class Secret:
    """A value that the engine keeps encrypted."""

    value: Any


@dataclass(frozen=True)
class Registration:
    """One resource as it was registered, in the engine's own words (camelCase inputs, URNs)."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: Mapping[str, Any]
    dependencies: frozenset[str]
    property_dependencies: Mapping[str, frozenset[str]]
    provider: str
    protect: bool
    ignore_changes: frozenset[str]
    secret_outputs: frozenset[str]
    aliases: tuple[str, ...]
    version: str
    delete_before_replace: bool

    @property
    def is_provider(self) -> bool:
        """Whether this is a provider itself."""
        return self.type.startswith(_PROVIDER_PREFIX)

    @property
    def provider_urn(self) -> str:
        """The URN of the provider it was registered with; empty for the default one."""
        return self.provider.rpartition("::")[0]

    @property
    def package(self) -> str:
        """The package of a custom resource: `hcloud:index/server:Server` is of `hcloud`."""
        return self.type.removeprefix(_PROVIDER_PREFIX).split(":")[0]


@dataclass
class Recording:
    """Everything a program registered, in order, and the outputs of its components and its stack."""

    all: list[Registration] = field(default_factory=list)
    outputs: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def __getitem__(self, urn: str) -> Registration:
        return next(registration for registration in self.all if registration.urn == urn)

    def one(self, type_: str, name: str) -> Registration:
        """The registration of a type and a name."""
        found = [entry for entry in self.all if entry.type == type_ and entry.name == name]
        assert len(found) == 1, f"{len(found)} resources {type_} {name} among {self.names(type_)}"
        return found[0]

    def of_type(self, type_: str) -> list[Registration]:
        """The registrations of one type."""
        return [entry for entry in self.all if entry.type == type_]

    def names(self, type_: str) -> list[str]:
        """The names of the resources of one type."""
        return [entry.name for entry in self.of_type(type_)]

    @property
    def custom(self) -> list[Registration]:
        """The resources some plug-in manages, providers themselves left out."""
        return [entry for entry in self.all if entry.custom and not entry.is_provider]

    @property
    def components(self) -> list[Registration]:
        """The components, the stack left out."""
        return [entry for entry in self.all if not entry.custom and entry.type != _STACK_TYPE]

    @property
    def commands(self) -> dict[str, Registration]:
        """The command resources by name."""
        return {entry.name: entry for entry in self.of_type("command:local:Command")}

    def children(self, urn: str) -> list[Registration]:
        """What is registered directly below a component."""
        return [entry for entry in self.all if entry.parent == urn]

    @property
    def stack_outputs(self) -> Mapping[str, Any]:
        """What the stack exports."""
        return self.outputs[next(entry.urn for entry in self.all if entry.type == _STACK_TYPE)]


_TOLD: Mapping[str, Mapping[str, Any]] = {
    "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": {"member": "serviceAccount:storage@google"},
}
"""What a provider answers when it is asked. Nothing else is asked: it would cost a request at every run."""


class _NoMocks(mocks.Mocks):
    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        assert args.token in _TOLD, f"the program asks a provider at every run: {args.token}"
        return dict(_TOLD[args.token]), []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise AssertionError(f"not in use: {args.name}")


class RecordingMonitor(mocks.MockMonitor):
    """Takes the place of the engine: records what is registered and answers as if it had been created."""

    def __init__(self, *, preview: bool) -> None:
        super().__init__(_NoMocks())
        self.recording = Recording()
        self._preview = preview
        self._lock = threading.Lock()

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The URN as the engine makes it: the types of all ancestors but the stack, then the name."""
        ancestors = parent.split("::")[2] if parent else _STACK_TYPE
        qualified = type_ if ancestors == _STACK_TYPE else f"{ancestors}${type_}"
        return f"urn:pulumi:{settings.get_stack()}::{settings.get_project()}::{qualified}::{name}"

    def RegisterResource(  # noqa: N802 (the monitor's own spelling)
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Records one resource. Two resources with one URN are refused, as the engine does."""
        urn = self.make_urn(request.parent, request.type, request.name)
        with self._lock:
            if urn in (entry.urn for entry in self.recording.all):
                raise AssertionError(f"Duplicate resource URN '{urn}'")
            # The same in every run, although resources are registered as their inputs come to be known.
            number = zlib.crc32(urn.encode())
            self.recording.all.append(_registration(urn, request))
        created = struct_pb2.Struct()
        created.CopyFrom(request.object)
        if self._preview or not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn, object=created)
        created.update(_CREATED.get(request.type, {}))
        if request.type == "hcloud:index/primaryIp:PrimaryIp" and created["type"] == "ipv6":
            created.update({"ipAddress": "fd00:64::", "ipNetwork": "fd00:64::/64"})
        if request.type == "gcp:compute/instance:Instance":
            created.update({"instanceId": str(number)})
        return resource_pb2.RegisterResourceResponse(urn=urn, id=str(number), object=created)

    def RegisterResourceOutputs(  # noqa: N802 (the monitor's own spelling)
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        """Records the outputs of a component; each says once that it is finished."""
        with self._lock:
            assert request.urn not in self.recording.outputs, f"{request.urn} registers its outputs twice"
            self.recording.outputs[request.urn] = _plain(json_format.MessageToDict(request.outputs))
        return empty_pb2.Empty()


def record(
    program: Callable[[], object], *, stack: str, config: Mapping[str, str] | None = None, preview: bool = False
) -> Recording:
    """Runs a program to its end as the language host does, in a Pulumi runtime of its own.

    `config` is the stack's configuration by full key. In a preview nothing that a cloud would tell is known. What the
    program raises, is raised here.
    """
    return contextvars.Context().run(_record, program, stack, config or {}, preview)


def _record(program: Callable[[], object], stack: str, config: Mapping[str, str], preview: bool) -> Recording:
    monitor = RecordingMonitor(preview=preview)
    settings.configure(
        settings.Settings(PROJECT, stack, monitor=monitor, engine=mocks.MockEngine(None), dry_run=preview)
    )

    async def run() -> None:
        program()

    # As the language host does: the whole configuration comes in the environment and is then read from there.
    with mock.patch.dict(os.environ, {"PULUMI_CONFIG": json.dumps(dict(config))}):
        set_all_config(get_config_env(), [])
        asyncio.run(run_in_stack(run))
    return monitor.recording


def _registration(urn: str, request: resource_pb2.RegisterResourceRequest) -> Registration:
    return Registration(
        urn=urn,
        type=request.type,
        name=request.name,
        parent=request.parent,
        custom=request.custom,
        inputs=_plain(json_format.MessageToDict(request.object)),
        dependencies=frozenset(request.dependencies),
        property_dependencies={
            name: frozenset(entry.urns) for name, entry in request.propertyDependencies.items() if entry.urns
        },
        provider=request.provider,
        protect=request.protect,
        ignore_changes=frozenset(request.ignoreChanges),
        secret_outputs=frozenset(request.additionalSecretOutputs),
        aliases=tuple(str(alias) for alias in request.aliases),
        version=request.version,
        delete_before_replace=request.deleteBeforeReplace,
    )


def _plain(value: Any) -> Any:
    """The value with secrets wrapped in `Secret`, and whole numbers as numbers without a fraction."""
    if isinstance(value, dict):
        if _SECRET_MARK in value:
            return Secret(_plain(value["value"]))
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
