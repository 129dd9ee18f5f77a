"""Runs a plug-in: prints its port and serves until Pulumi exits."""

import asyncio
import os
import signal
import stat
import sys
from contextlib import suppress
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
    server = grpc.aio.server(options=_OPTIONS)
    servicer = Servicer(provider(package), PulumiLog(pulumi_address), Path.cwd())
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    watch = asyncio.create_task(_set_at_end_of_input(ending))
    print(port, flush=True)
    await _wait_for_end(servicer, ending, parent)
    servicer.cancelled.set()
    await server.stop(_GRACE_SECONDS)
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
