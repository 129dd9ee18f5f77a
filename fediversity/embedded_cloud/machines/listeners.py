"""Implements the listening ports of a machine: an SSH server, or a port that accepts connections and stays silent."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, Protocol

import asyncssh

from fediversity.embedded_cloud.machines import keys
from fediversity.embedded_cloud.machines.connection import MachineConnection
from fediversity.embedded_cloud.machines.interpreter import run_session
from fediversity.embedded_cloud.machines.spec import DatacenterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fediversity.embedded_cloud.machines.machine import Machine

_ALGORITHMS = {
    # The cheapest algorithms that every OpenSSH of the last ten years supports: a simulation has nothing to keep
    # secret.
    "kex_algs": ["curve25519-sha256"],
    "encryption_algs": ["aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com"],
    "mac_algs": ["hmac-sha2-256"],
    "compression_algs": ["none"],
}


class Listener(Protocol):
    """An open port of a machine."""

    def stall_connections(self) -> None:
        """Makes open connections silent, as when the machine loses its network: clients are not notified."""

    def drop_connections(self, stalled_only: bool = False) -> None:
        """Closes all connections at once, as a machine does that shuts down; or only those that stalled."""

    def use_host_key(self, key: bytes) -> None:
        """Uses this host key for new connections."""

    async def close(self) -> None:
        """Stops accepting connections; open ones stay."""


async def listen_ssh(machine: Machine, port: int, host_key: bytes) -> Listener:
    """Opens an SSH server on a machine's address. Raises `DatacenterError` if the port is taken."""
    connections: set[MachineConnection] = set()
    try:
        acceptor = await asyncssh.listen(
            machine.spec.address,
            port,
            server_factory=lambda: _Login(machine, port, connections),
            process_factory=lambda process: run_session(machine, port, process),
            server_host_keys=[asyncssh.import_private_key(host_key)],
            server_version="simulated",
            encoding=None,
            line_editor=False,
            agent_forwarding=False,
            x11_forwarding=False,
            gss_host=None,
            login_timeout=30,
            reuse_address=True,
            **_ALGORITHMS,
        )
    except OSError as error:
        raise _taken(machine, port, error) from None
    return _SshListener(acceptor, connections)


async def listen_silently(machine: Machine, port: int) -> Listener:
    """Opens a port that accepts connections and never answers, as after a crash or behind a firewall that drops
    packets.
    """
    connections: set[asyncio.BaseTransport] = set()

    class Silent(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            machine.record_connection("connect", port)
            self._transport = transport
            connections.add(transport)

        def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
            connections.discard(self._transport)

    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(Silent, machine.spec.address, port, reuse_address=True)
    except OSError as error:
        raise _taken(machine, port, error) from None
    return _SilentListener(server, connections)


def _taken(machine: Machine, port: int, error: OSError) -> DatacenterError:
    return DatacenterError(f"{machine.spec.name} cannot listen on {machine.spec.address}:{port}: {error.strerror}")


class _SshListener:
    def __init__(self, acceptor: asyncssh.SSHAcceptor, connections: set[MachineConnection]) -> None:
        self._acceptor = acceptor
        self._connections = connections

    def stall_connections(self) -> None:
        for connection in self._connections:
            connection.fall_silent()

    def drop_connections(self, stalled_only: bool = False) -> None:
        for connection in list(self._connections):
            if connection.silent or not stalled_only:
                connection.hang_up()

    def use_host_key(self, key: bytes) -> None:
        self._acceptor.update(server_host_keys=[asyncssh.import_private_key(key)])

    async def close(self) -> None:
        self._acceptor.close()
        await self._acceptor.wait_closed()


class _SilentListener:
    def __init__(self, server: asyncio.Server, connections: set[asyncio.BaseTransport]) -> None:
        self._server = server
        self._connections = connections

    def stall_connections(self) -> None:
        """Does nothing: the connections are already silent."""

    def drop_connections(self, stalled_only: bool = False) -> None:  # noqa: ARG002  all of them have stalled
        for transport in list(self._connections):
            transport.close()

    def use_host_key(self, key: bytes) -> None:
        """Does nothing: no client gets as far as the host key."""

    async def close(self) -> None:
        self._server.close()
        await self._server.wait_closed()


class _Login(asyncssh.SSHServer):
    """Accepts clients by public key only."""

    def __init__(self, machine: Machine, port: int, connections: set[MachineConnection]) -> None:
        self._machine = machine
        self._port = port
        self._connections = connections
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        connection = MachineConnection(conn)
        # A stalled connection outlives the login timeout of the SSH server, so only closing connections are removed.
        self._connections -= {other for other in self._connections if other.is_closing()}
        self._connections.add(connection)
        conn.set_extra_info(machine_connection=connection)
        self._machine.record_connection("connect", self._port)
        _acknowledge_at_once(conn)
        self._apply_faults(connection)

    def _apply_faults(self, connection: MachineConnection) -> None:
        faults, name = self._machine.site.faults, self._machine.spec.name
        if faults.trigger(name, "silent"):
            connection.fall_silent()
            return
        if faults.trigger(name, "host-key"):
            self._machine.ports.use_current_host_key()  # the next connection may get the right key again
        cut = faults.trigger(name, "drop-at-byte")
        if cut is not None and cut.parameter is not None:
            connection.cut_after(int(cut.parameter))

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Checks a key. asyncssh calls this once for the offer and once for the signature, so only a refusal is
        recorded here.
        """
        accepted = keys.is_listed(key, self._machine.authorized_keys(username))
        if not accepted:
            self._machine.record_connection("auth", self._port, user=username, accepted=False)
        elif self._connection is not None:
            self._connection.set_extra_info(key=key.get_fingerprint())
        return accepted

    def auth_completed(self) -> None:
        if self._connection is not None:
            user = self._connection.get_extra_info("username")
            self._machine.record_connection("auth", self._port, user=user, accepted=True)


def _acknowledge_at_once(connection: asyncssh.SSHServerConnection) -> None:
    """Avoids 80 ms of delay per connection.

    OpenSSH's client keeps Nagle's algorithm on until its session begins, so each of its small packets waits for the
    acknowledgement of the previous one. Linux delays that by 40 ms unless told otherwise before each read.
    """
    option = getattr(socket, "TCP_QUICKACK", None)
    channel: socket.socket | None = connection.get_extra_info("socket")
    if option is None or channel is None:
        return
    receive: Callable[[bytes, Any], None] = connection.data_received

    def receive_and_acknowledge(data: bytes, datatype: Any = None) -> None:
        channel.setsockopt(socket.IPPROTO_TCP, option, 1)
        receive(data, datatype)

    connection.data_received = receive_and_acknowledge  # type: ignore[method-assign]
