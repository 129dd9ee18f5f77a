"""What a stack would declare, without Pulumi's engine, a plug-in or a network: to judge it before a rollout.

Pulumi's own mocks hide protection and give wrong URNs to what is deeper than a component, so the monitor is replaced
as a whole: it notes each request as Pulumi would get it, and answers as a preview does, in which nothing is known
that a cloud would tell.
"""

import asyncio
import contextvars
import threading
from typing import Any

from google.protobuf import empty_pb2, json_format
from pulumi.runtime import mocks, rpc, run_in_stack, settings
from pulumi.runtime.proto import resource_pb2

from fediversity.fleet.model import Fleet
from fediversity.planning.build import make_plan
from fediversity.policy.resources import UNSEEN, DeclaredResource
from fediversity.program.clouds import preview_answers
from fediversity.program.fleet_program import Program
from fediversity.project.settings import Settings, with_plugins

_PROJECT = "fediversity"
_STACK = "pulumi:pulumi:Stack"


def declared_resources(fleet: Fleet, own: Settings) -> tuple[DeclaredResource, ...]:
    """Returns everything that the program declares for a fleet in a stack, providers and components included, in order.

    No credential is looked for: the providers are told what simulated ones are, everything else is as it would be.
    """
    return contextvars.Context().run(_declared, fleet, with_plugins(own, "local"))


def _declared(fleet: Fleet, own: Settings) -> tuple[DeclaredResource, ...]:
    monitor = _Recorder()
    engine = mocks.MockEngine(None)
    settings.configure(settings.Settings(_PROJECT, own.stack, monitor=monitor, engine=engine, dry_run=True))
    # What runs again when is not looked at, so the fingerprints may be anything.
    plan = make_plan(fleet, dict.fromkeys(fleet.machines, "unknown"), own.site)

    async def run() -> None:
        Program(fleet, plan, own).declare()

    asyncio.run(run_in_stack(run))
    return tuple(monitor.found)


class _Answers(mocks.Mocks):
    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        answers = preview_answers()
        if args.token not in answers:
            raise ValueError(f"the program asks a provider what has no answer here: {args.token}")
        return {**args.args, **answers[args.token]}, []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise ValueError(f"no resources are made here: {args.name}")


class _Recorder(mocks.MockMonitor):
    def __init__(self) -> None:
        super().__init__(_Answers())
        self.found: list[DeclaredResource] = []
        self._lock = threading.Lock()

    def RegisterResource(  # noqa: N802 (the monitor's own spelling)
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        ancestors = request.parent.split("::")[2] if request.parent else _STACK
        qualified = request.type if ancestors == _STACK else f"{ancestors}${request.type}"
        urn = f"urn:pulumi:{settings.get_stack()}::{_PROJECT}::{qualified}::{request.name}"
        entry = DeclaredResource(
            type=request.type,
            name=request.name,
            inputs=_plain(json_format.MessageToDict(request.object)),
            parent=request.parent,
            protect=request.protect,
            provider=_provider(request),
            urn=urn,
        )
        with self._lock:
            self.found.append(entry)
        return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)

    def RegisterResourceOutputs(  # noqa: N802 (the monitor's own spelling)
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        del request
        return empty_pb2.Empty()


def _provider(request: resource_pb2.RegisterResourceRequest) -> str | None:
    """Returns the name of a resource's provider; components and providers themselves have none, which is no fault."""
    if not request.custom or request.type.startswith("pulumi:"):
        return ""
    return request.provider.rpartition("::")[0].rpartition("::")[2] or None


def _plain(value: Any) -> Any:
    """Returns the value with whatever is secret or not known yet as UNSEEN, and whole numbers as such."""
    if isinstance(value, dict):
        if rpc._special_sig_key in value:
            return UNSEEN
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if value == rpc.UNKNOWN:
        return UNSEEN
    return int(value) if isinstance(value, float) and value.is_integer() else value
