"""Implements Pulumi's gRPC service ResourceProvider over a `Provider`. Makes no decisions itself."""

# ruff: noqa: N802 - the protocol names its methods

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import grpc
import grpc.aio
from google.protobuf import empty_pb2

from fediversity.embedded_cloud.folders import StackFolder
from fediversity.embedded_cloud.plugins import checks, diff
from fediversity.embedded_cloud.plugins.problems import CloudError, Problem, Refusal, did_you_mean
from fediversity.embedded_cloud.plugins.protobuf_values import plain, structure
from fediversity.embedded_cloud.plugins.protos import plugin_pb2, provider_pb2, provider_pb2_grpc
from fediversity.embedded_cloud.plugins.provider import Provider, PulumiRequest, Resource
from fediversity.embedded_cloud.plugins.pulumi_log import PulumiLog
from fediversity.support.constants import LOCAL_VERSION

Context = grpc.aio.ServicerContext[Any, Any]
_Result = TypeVar("_Result")
_Method = Callable[["Servicer", Any, Context], Awaitable[_Result]]

_CODES: Mapping[Refusal, grpc.StatusCode] = {
    "already_exists": grpc.StatusCode.ALREADY_EXISTS,
    "not_found": grpc.StatusCode.NOT_FOUND,
    "refused": grpc.StatusCode.FAILED_PRECONDITION,
    "not_implemented": grpc.StatusCode.FAILED_PRECONDITION,
    "failed": grpc.StatusCode.UNKNOWN,
}
_MODES: Mapping[int, checks.NamingMode] = {0: "propose", 1: "enforce", 2: "disable"}


def rpc(method: _Method[_Result]) -> _Method[_Result]:
    """Decorates a method of the service: converts a CloudError to a gRPC status, and counts the request as running."""

    @functools.wraps(method)
    async def answer(servicer: "Servicer", request: Any, context: Context) -> _Result:
        with servicer.work:
            try:
                return await method(servicer, request, context)
            except CloudError as error:
                await context.abort(_CODES[error.kind], str(error))

    return answer


class RequestCounter:
    """Counts the running requests and records since when there is none."""

    def __init__(self) -> None:
        self.running = 0
        self._idle_since = time.monotonic()

    def __enter__(self) -> None:
        self.running += 1

    def __exit__(self, *_: object) -> None:
        self.running -= 1
        self._idle_since = time.monotonic()

    @property
    def idle_seconds(self) -> float:
        """The seconds since the last request ended; 0 while one is running."""
        return 0.0 if self.running else time.monotonic() - self._idle_since


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """The plug-in of one package. `project` is the folder with the `.fediversity/` of the embedded clouds.

    It accepts neither secrets nor resource references: Pulumi then sends plain values and marks an output as secret if
    the input of that name was; other outputs of the real providers are not secret either. It supports previews.
    """

    def __init__(self, provider: Provider, pulumi_log: PulumiLog, project: Path) -> None:
        self.provider = provider
        self.pulumi_log = pulumi_log
        self.project = project
        self.cancelled = asyncio.Event()
        self.work = RequestCounter()
        self._resources: Mapping[str, Resource] = {}

    @rpc
    async def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: Context
    ) -> provider_pb2.ProviderHandshakeResponse:
        del context
        self._serve_anew(request.engine_address or self.pulumi_log.address)
        return provider_pb2.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    @rpc
    async def Attach(self, request: plugin_pb2.PluginAttach, context: Context) -> empty_pb2.Empty:
        del context
        self._serve_anew(request.address)
        return empty_pb2.Empty()

    @rpc
    async def GetPluginInfo(self, request: empty_pb2.Empty, context: Context) -> plugin_pb2.PluginInfo:
        del request, context
        return plugin_pb2.PluginInfo(version=LOCAL_VERSION)

    @rpc
    async def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: Context
    ) -> provider_pb2.GetSchemaResponse:
        del request, context
        return provider_pb2.GetSchemaResponse(schema=self.provider.package.pulumi_schema())

    @rpc
    async def CheckConfig(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:
        del context
        problems = self.provider.config.check(plain(request.news), _stack(request.urn))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(problems))

    @rpc
    async def DiffConfig(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:
        del context
        changed = self.provider.config.changed(plain(request.old_inputs), plain(request.news))
        return provider_pb2.DiffResponse(
            changes=_diff_status(changed),
            diffs=changed,
            replaces=[name for name, elsewhere in changed.items() if elsewhere],
        )

    @rpc
    async def Configure(
        self, request: provider_pb2.ConfigureRequest, context: Context
    ) -> provider_pb2.ConfigureResponse:
        del context
        settings = plain(request.args)
        if not request.urn:
            raise CloudError("this version of Pulumi does not say which stack it works on; use a newer one")
        stack = _stack(request.urn)
        if problems := self.provider.config.check(settings, stack):
            raise CloudError("; ".join(map(str, problems)))
        self._resources = self.provider.resources(StackFolder.of(self.project, stack), settings)
        return provider_pb2.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    @rpc
    async def Check(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:
        del context
        resource = self._resource(request.urn)
        naming = checks.Naming(
            resource=_name(request.urn),
            seed=request.randomSeed,
            proposed=request.autonaming.proposed_name,
            mode=_MODES[request.autonaming.mode],
        )
        checked = checks.check_inputs(resource.schema, plain(request.news), plain(request.olds), naming)
        problems = [*checked.problems, *resource.rules(checked.usable)]
        return provider_pb2.CheckResponse(inputs=structure(checked.inputs), failures=_failures(problems))

    @rpc
    async def Diff(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:
        del context
        schema = self._resource(request.urn).schema
        changes = diff.diff_inputs(schema, plain(request.old_inputs), plain(request.news))
        return provider_pb2.DiffResponse(
            changes=_diff_status(changes.changes),
            diffs=changes.properties,
            replaces=changes.replaces,
            deleteBeforeReplace=changes.delete_before_replace,
            detailedDiff={
                change.path: provider_pb2.PropertyDiff(kind=_kind(change), inputDiff=True) for change in changes.changes
            },
            hasDetailedDiff=True,
        )

    @rpc
    async def Create(self, request: provider_pb2.CreateRequest, context: Context) -> provider_pb2.CreateResponse:
        del context
        resource, inputs = self._resource(request.urn), plain(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=structure(resource.preview_outputs(inputs, None)))
        state = await resource.create(self._request(request), inputs)
        return provider_pb2.CreateResponse(id=state.id, properties=structure(state.outputs))

    @rpc
    async def Read(self, request: provider_pb2.ReadRequest, context: Context) -> provider_pb2.ReadResponse:
        del context
        resource, inputs, outputs = self._resource(request.urn), plain(request.inputs), plain(request.properties)
        state = await resource.read(self._request(request), request.id, inputs, outputs)
        if state is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=state.id, inputs=structure(state.inputs), properties=structure(state.outputs)
        )

    @rpc
    async def Update(self, request: provider_pb2.UpdateRequest, context: Context) -> provider_pb2.UpdateResponse:
        del context
        resource, inputs, outputs = self._resource(request.urn), plain(request.news), plain(request.olds)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=structure(resource.preview_outputs(inputs, outputs)))
        outputs = await resource.update(self._request(request), request.id, outputs, inputs)
        return provider_pb2.UpdateResponse(properties=structure(outputs))

    @rpc
    async def Delete(self, request: provider_pb2.DeleteRequest, context: Context) -> empty_pb2.Empty:
        del context
        await self._resource(request.urn).delete(self._request(request), request.id, plain(request.properties))
        return empty_pb2.Empty()

    @rpc
    async def Cancel(self, request: empty_pb2.Empty, context: Context) -> empty_pb2.Empty:
        del request, context
        self.cancelled.set()
        return empty_pb2.Empty()

    @rpc
    async def Invoke(self, request: provider_pb2.InvokeRequest, context: Context) -> provider_pb2.InvokeResponse:
        function = self.provider.functions.get(request.tok)
        if function is None:
            await _unimplemented(context, f"the function {request.tok}")
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(structure(function(plain(request.args))))
        return response

    async def Call(self, request: provider_pb2.CallRequest, context: Context) -> NoReturn:
        await _unimplemented(context, f"the method {request.tok}")

    async def Construct(self, request: provider_pb2.ConstructRequest, context: Context) -> NoReturn:
        await _unimplemented(context, f"the component {request.type}")

    async def Parameterize(self, request: provider_pb2.ParameterizeRequest, context: Context) -> NoReturn:
        del request
        await _unimplemented(context, "a parameter")

    async def GetMapping(self, request: provider_pb2.GetMappingRequest, context: Context) -> NoReturn:
        del request
        await _unimplemented(context, "a mapping")

    async def GetMappings(self, request: provider_pb2.GetMappingsRequest, context: Context) -> NoReturn:
        del request
        await _unimplemented(context, "a mapping")

    def _serve_anew(self, address: str | None) -> None:
        """Starts to serve another Pulumi. What an earlier one cancelled is no matter of this one."""
        self.pulumi_log.attach(address)
        self.cancelled = asyncio.Event()

    def _resource(self, urn: str) -> Resource:
        token = urn.split("::")[2].rsplit("$", maxsplit=1)[-1]
        resource = self._resources.get(token)
        if resource is None:
            hint = did_you_mean(token, self._resources)
            raise CloudError(f"the embedded cloud does not simulate {token}{hint}", "not_found")
        return resource

    def _request(self, request: Any) -> PulumiRequest:
        return PulumiRequest(
            name=_name(request.urn),
            timeout=getattr(request, "timeout", 0) or None,
            log=functools.partial(self.pulumi_log.show, request.urn),
            cancelled=self.cancelled,
        )


async def _unimplemented(context: Context, feature: str) -> NoReturn:
    await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"this simulated plug-in does not have {feature}")


def _stack(urn: str) -> str:
    """Returns the stack in `urn:pulumi:<stack>::<project>::…`."""
    return urn.partition("::")[0].rpartition(":")[2]


def _name(urn: str) -> str:
    return urn.split("::", maxsplit=3)[-1]


def _failures(problems: Iterable[Problem]) -> list[provider_pb2.CheckFailure]:
    """Omits the property: Pulumi would print its value, which may be a secret. The text names the property."""
    return [provider_pb2.CheckFailure(reason=str(problem)) for problem in problems]


def _diff_status(changes: Any) -> provider_pb2.DiffResponse.DiffChanges.ValueType:
    return provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE


def _kind(change: diff.PropertyChange) -> provider_pb2.PropertyDiff.Kind.ValueType:
    return provider_pb2.PropertyDiff.Kind.Value(f"{change.kind}{'_replace' if change.replaces else ''}".upper())
