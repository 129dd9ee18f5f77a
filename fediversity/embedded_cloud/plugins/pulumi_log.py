"""Sends log lines to Pulumi, which shows them beside a resource during an operation."""

import contextlib
from typing import Any

import grpc
import grpc.aio

from fediversity.embedded_cloud.plugins.protos import engine_pb2, engine_pb2_grpc


class PulumiLog:
    """The log service of Pulumi at `address` (host:port). Without an address, lines are discarded."""

    def __init__(self, address: str | None) -> None:
        self.address = address
        self._stub: Any = None  # the generated types contain the blocking stub only

    def attach(self, address: str | None) -> None:
        """Another engine is asking, at `address`."""
        self.address, self._stub = address, None

    async def show(self, urn: str, line: str) -> None:
        """Shows a line in the status column of a resource. Ignores errors if Pulumi has exited."""
        if self.address is None:
            return
        if self._stub is None:
            self._stub = engine_pb2_grpc.EngineStub(grpc.aio.insecure_channel(self.address))
        request = engine_pb2.LogRequest(severity=engine_pb2.INFO, message=line, urn=urn, ephemeral=True)
        with contextlib.suppress(grpc.aio.AioRpcError):
            await self._stub.Log(request)
