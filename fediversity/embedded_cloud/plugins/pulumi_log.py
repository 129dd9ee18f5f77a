"""The plug-in's way back to the engine: lines shown beside a resource while it is worked on."""

import contextlib
from typing import Any

import grpc
import grpc.aio

from fediversity.embedded_cloud.plugins.protos import engine_pb2, engine_pb2_grpc


class PulumiLog:
    """The engine at `address` (host:port); without one, lines go nowhere."""

    def __init__(self, address: str | None) -> None:
        self.address = address
        self._stub: Any = None  # the generated types know the blocking stub only

    def attach(self, address: str | None) -> None:
        """Another engine is asking, at `address`."""
        self.address, self._stub = address, None

    async def show(self, urn: str, line: str) -> None:
        """Shows a line in the status column of a resource. An engine that is gone is no error here."""
        if self.address is None:
            return
        if self._stub is None:
            self._stub = engine_pb2_grpc.EngineStub(grpc.aio.insecure_channel(self.address))
        request = engine_pb2.LogRequest(severity=engine_pb2.INFO, message=line, urn=urn, ephemeral=True)
        with contextlib.suppress(grpc.aio.AioRpcError):
            await self._stub.Log(request)
