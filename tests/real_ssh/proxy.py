"""A proxy that fails as networks do: in front of a server, on a loopback port of its own."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any

_RESET = struct.pack("ii", 1, 0)
_CHUNK = 65536


class FaultyProxy:
    """Passes connections on to `port`, in a thread of its own, and fails as it is told.

    `silent`: connections are taken and never answered. `cut_after`: each is reset once so many bytes came from the
    server. `delay`: seconds that every piece takes, in both directions. `times` limits a fault to so many connections.
    A second port, `control`, is asked by what runs behind the server before it runs a command: `cut_at` is a text in
    the line at which all connections are reset.
    """

    def __init__(self, port: int) -> None:
        self.to = port
        self.silent = False
        self.cut_after: int | None = None
        self.cut_at: str | None = None
        self.times: int | None = None
        self.delay = 0.0
        self.lines: list[str] = []
        self._connections: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._servers: list[asyncio.Server] = []
        self.port = self._listen(self._pass_on)
        self.control = self._listen(self._asked)

    def heal(self) -> None:
        """Nothing fails from now on; what stalled ends."""
        self.silent, self.cut_after, self.cut_at, self.times, self.delay = False, None, None, None, 0.0
        self._do(self._cut_all())

    def close(self) -> None:
        """Ends every connection and the thread."""
        self.heal()
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _listen(self, serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]) -> int:
        server: asyncio.Server = self._do(asyncio.start_server(serve, "127.0.0.1", 0))
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        await self._cut_all()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)

    async def _cut_all(self) -> None:
        for writer in list(self._connections):
            _cut(writer)

    async def _until_healed(self) -> None:
        while self.silent:
            await asyncio.sleep(0.05)

    def _happens(self) -> bool:
        """Whether a fault that may be counted strikes now, which counts."""
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0

    async def _pass_on(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self._connections.add(client)
        try:
            if self.silent and self._happens():
                await self._until_healed()
                return
            left = self.cut_after if self.cut_after is not None and self._happens() else None
            if left == 0:
                _cut(client)
                return
            try:
                from_server, server = await asyncio.open_connection("127.0.0.1", self.to)
            except OSError:
                _cut(client)
                return
            self._connections.add(server)
            try:
                up = asyncio.create_task(self._pump(reader, server, None))
                await self._pump(from_server, client, left)
                up.cancel()
            finally:
                self._connections.discard(server)
                server.close()
        finally:
            self._connections.discard(client)
            client.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, left: int | None) -> None:
        try:
            while data := await source.read(_CHUNK):
                if self.silent and self.times is None:
                    continue  # The packets of open connections are lost as well.
                await asyncio.sleep(self.delay)
                sink.write(data if left is None else data[:left])
                await sink.drain()
                if left is not None and (left := left - len(data)) <= 0:
                    _cut(sink)
                    return
            if sink.can_write_eof():
                sink.write_eof()
        except OSError:
            pass  # Either side is gone; the other one ends with this connection.

    async def _asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The command line that a session asks for, up to a null byte; it may be run once it has an answer."""
        line = (await reader.readuntil(b"\0"))[:-1].decode(errors="replace")
        self.lines.append(line)
        if self.cut_at is not None and self.cut_at in line and self._happens():
            await self._cut_all()
        writer.write(b"go\n")
        writer.close()


def _cut(writer: asyncio.StreamWriter) -> None:
    """Ends a connection at once, with a reset."""
    channel: socket.socket | None = writer.get_extra_info("socket")
    if channel is not None and channel.fileno() >= 0:
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
