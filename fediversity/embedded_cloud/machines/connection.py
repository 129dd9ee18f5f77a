"""Simulates network faults on a machine's SSH connection: packet loss and a cut after a number of bytes."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncssh

_RESET = struct.pack("ii", 1, 0)


class MachineConnection:
    """Wraps the transport of an SSH connection. Methods not defined here are those of the transport."""

    def __init__(self, connection: asyncssh.SSHServerConnection) -> None:
        self._connection = connection
        self._transport: asyncio.Transport = connection._transport  # type: ignore[assignment]
        self._left: int | None = None
        self.silent = False
        connection._transport = self  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def cut_after(self, count: int) -> None:
        """Cuts the connection after the machine has sent `count` more bytes."""
        self._left = count
        if count == 0:
            self.cut()

    def fall_silent(self) -> None:
        """Simulates packet loss: the connection stays open, but nothing is received or sent any more."""
        self.silent = True
        self._connection.data_received = lambda data, datatype=None: None  # type: ignore[method-assign]  # noqa: ARG005

    def hang_up(self) -> None:
        """Closes the connection at once without a reset, as a machine does that shuts down: sent data still arrives."""
        self._transport.abort()

    def cut(self) -> None:
        """Closes the connection at once, with a reset."""
        channel: socket.socket | None = self._transport.get_extra_info("socket")
        if channel is not None and channel.fileno() >= 0:
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    def write(self, data: bytes) -> None:
        """Sends data, as far as the connection lasts."""
        if self.silent or self._left == 0:
            return
        if self._left is None:
            self._transport.write(data)
            return
        self._transport.write(data[: self._left])
        self._left -= min(len(data), self._left)
        if self._left == 0:
            self.cut()

    def close(self) -> None:
        """Closes the connection for the SSH server, for example at a login timeout. A silent connection stays open."""
        if not self.silent:
            self._transport.close()

    def abort(self) -> None:
        """Aborts the connection for the SSH server. A silent connection stays open."""
        if not self.silent:
            self._transport.abort()
