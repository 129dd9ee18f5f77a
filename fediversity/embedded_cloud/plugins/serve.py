"""Runs plug-ins: prints their ports and serves until Pulumi exits."""

import asyncio
import contextlib
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import grpc.aio

from fediversity.embedded_cloud.plugins.protos import provider_pb2_grpc
from fediversity.embedded_cloud.plugins.pulumi_log import PulumiLog
from fediversity.embedded_cloud.plugins.registry import provider
from fediversity.embedded_cloud.plugins.servicer import Servicer

_WATCH_SECONDS = 0.5
_LINGER_SECONDS = 2.0
_GRACE_SECONDS = 5.0
_OPTIONS = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0))


async def serve(package: str, pulumi_address: str | None, parent: int) -> None:
    """Serves a package on a free port of 127.0.0.1 until Pulumi exits, a signal arrives or a Cancel request is handled.

    Pulumi holds the other end of this process's stdin, so its exit is noticed at once, also after SIGKILL. If stdin is
    not a pipe, a parent process id other than `parent` shows it. The kernel's own signal for this (PR_SET_PDEATHSIG)
    would come too early: it is sent when the *thread* of Pulumi that started the plug-in ends.
    """
    served = await _start(package, pulumi_address)
    async with _ending() as ending:
        print(served.port, flush=True)
        await _wait_for_end(served.servicer, ending, parent)
        await served.stop()


async def serve_many(packages: Sequence[str]) -> None:
    """Serves packages on a port of 127.0.0.1 each, until a signal comes or stdin, a pipe, has no other end any more.

    Prints the ports as Pulumi reads them in PULUMI_DEBUG_PROVIDERS: `hcloud:4711,gcp:4712`. Pulumi attaches to such a
    plug-in and does not start or end it. Its process holds the other end of the pipe, so this one ends with it.
    """
    served = [await _start(package, None) for package in packages]
    async with _ending() as ending:
        print(",".join(f"{one.package}:{one.port}" for one in served), flush=True)
        await ending.wait()
        await asyncio.gather(*(one.stop() for one in served))


@dataclass(frozen=True)
class _Served:
    package: str
    servicer: Servicer
    server: grpc.aio.Server
    port: int

    async def stop(self) -> None:
        """Lets requests that are being worked on end, for a while."""
        self.servicer.cancelled.set()
        await self.server.stop(_GRACE_SECONDS)


async def _start(package: str, pulumi_address: str | None) -> _Served:
    server = grpc.aio.server(options=_OPTIONS)
    servicer = Servicer(provider(package), PulumiLog(pulumi_address), Path.cwd())
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return _Served(package, servicer, server, port)


@contextlib.asynccontextmanager
async def _ending() -> AsyncIterator[asyncio.Event]:
    """An event that is set by a signal, and when the pipe at stdin has no other end any more."""
    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    watch = asyncio.create_task(_set_at_end_of_input(ending))
    try:
        yield ending
    finally:
        watch.cancel()


async def _set_at_end_of_input(ending: asyncio.Event) -> None:
    if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        await reader.read()
        ending.set()


async def _wait_for_end(servicer: Servicer, ending: asyncio.Event, parent: int) -> None:
    """Waits for the end. After a Cancel, Pulumi still finishes running requests; an idle plug-in then ends."""
    while os.getppid() == parent and not ending.is_set():
        if servicer.cancelled.is_set() and servicer.work.idle_seconds > _LINGER_SECONDS:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), _WATCH_SECONDS)
