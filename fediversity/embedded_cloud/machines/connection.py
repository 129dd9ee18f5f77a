"""A connection of a machine seen from outside: it can fall silent, and it can be cut at a byte."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncssh

_RESET = struct.pack("ii", 1, 0)


class MachineConnection:
    """Stands between an SSH connection and its transport; what it does not do itself the transport does."""

    def __init__(self, connection: asyncssh.SSHServerConnection) -> None:
        self._connection = connection
        self._transport: asyncio.Transport = connection._transport  # type: ignore[assignment]
        self._left: int | None = None
        self.silent = False
        connection._transport = self  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def cut_after(self, count: int) -> None:
        """Cuts the connection once the machine has sent so many bytes from now on."""
        self._left = count
        if count == 0:
            self.cut()

    def fall_silent(self) -> None:
        """From now on nothing is heard and nothing is said, and the connection stays open: its packets are lost."""
        self.silent = True
        self._connection.data_received = lambda data, datatype=None: None  # type: ignore[method-assign]  # noqa: ARG005

    def hang_up(self) -> None:
        """Ends the connection at once and in good order, as a machine that goes down does: what was sent arrives."""
        self._transport.abort()

    def cut(self) -> None:
        """Ends the connection at once, with a reset."""
        channel: socket.socket | None = self._transport.get_extra_info("socket")
        if channel is not None and channel.fileno() >= 0:
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    def write(self, data: bytes) -> None:
        """Sends, as far as the connection lasts."""
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
        """The SSH server gives up, for example on a login that takes too long. Of a silent one nobody hears that."""
        if not self.silent:
            self._transport.close()

    def abort(self) -> None:
        """As `close`, at once."""
        if not self.silent:
            self._transport.abort()
