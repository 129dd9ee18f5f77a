"""A plug-in with one kind of resource, kept as files below `store/`, for tests that kill the engine.

A thing named in `hold/<operation>` is worked on until that file is gone: `hold/create-a` holds the creation
of `a` after it exists, `hold/begin-a` before. With `hold/lose-a` it is made and the answer is lost.
"""

# ruff: noqa: N802  the names of the methods are the protocol's

import json
import time
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb

STORE, HOLD = Path("store"), Path("hold")


def wait_while_held(operation: str, name: str) -> None:
    with Path("plugin.log").open("a") as log:
        log.write(f"{operation} {name}\n")
    while (HOLD / f"{operation}-{name}").exists():
        time.sleep(0.01)


def keep(properties: struct_pb2.Struct) -> str:
    """Write a thing to the store; give its name."""
    thing = json_format.MessageToDict(properties)
    (STORE / thing["name"]).write_text(json.dumps(thing))
    return str(thing["name"])


class Things(provider_pb2_grpc.ResourceProviderServicer):
    """The provider; every property is a plain string."""

    def Handshake(self, *_: Any) -> pb.ProviderHandshakeResponse:
        return pb.ProviderHandshakeResponse()

    def CheckConfig(self, request: pb.CheckRequest, _: Any) -> pb.CheckResponse:
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, *_: Any) -> pb.DiffResponse:
        return pb.DiffResponse()

    def Configure(self, *_: Any) -> pb.ConfigureResponse:
        return pb.ConfigureResponse(supportsPreview=True)

    def Check(self, request: pb.CheckRequest, _: Any) -> pb.CheckResponse:
        return pb.CheckResponse(inputs=request.news)

    def Diff(self, request: pb.DiffRequest, _: Any) -> pb.DiffResponse:
        same = request.old_inputs == request.news
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE if same else pb.DiffResponse.DIFF_SOME)

    def Create(self, request: pb.CreateRequest, context: Any) -> pb.CreateResponse:
        if not request.preview:
            wait_while_held("begin", request.name)
            if request.name in {path.name for path in STORE.iterdir()}:
                context.abort(grpc.StatusCode.ALREADY_EXISTS, f"there is a thing named {request.name}")
            wait_while_held("create", keep(request.properties))
            if (HOLD / f"lose-{request.name}").exists():
                context.abort(grpc.StatusCode.UNKNOWN, "no answer: context deadline exceeded")
        return pb.CreateResponse(id=f"id-{request.name}", properties=request.properties)

    def Read(self, request: pb.ReadRequest, _: Any) -> pb.ReadResponse:
        kept = STORE / request.id.removeprefix("id-")
        if not kept.exists():
            return pb.ReadResponse()
        properties = struct_pb2.Struct()
        properties.update(json.loads(kept.read_text()))
        return pb.ReadResponse(id=request.id, properties=properties, inputs=properties)

    def Update(self, request: pb.UpdateRequest, _: Any) -> pb.UpdateResponse:
        if not request.preview:
            wait_while_held("update", keep(request.news))
        return pb.UpdateResponse(properties=request.news)

    def Delete(self, request: pb.DeleteRequest, _: Any) -> empty_pb2.Empty:
        name = request.id.removeprefix("id-")
        (STORE / name).unlink(missing_ok=True)
        wait_while_held("delete", name)
        return empty_pb2.Empty()

    def Cancel(self, *_: Any) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def Attach(self, *_: Any) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def GetPluginInfo(self, *_: Any) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version="0.0.0-local")


if __name__ == "__main__":
    server = grpc.server(futures.ThreadPoolExecutor(16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Things(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()
