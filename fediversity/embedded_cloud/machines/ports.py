"""Decides which ports of a machine answer, and how: by its phase, the provider's firewall, and faults."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from fediversity.embedded_cloud.machines import activation
from fediversity.embedded_cloud.machines.keys import new_host_key
from fediversity.embedded_cloud.machines.listeners import Listener, listen_silently, listen_ssh
from fediversity.embedded_cloud.machines.spec import SSH_PORT, UNLOCK_PORT

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.machine import Machine

Way = Literal["ssh", "silent"]

_INITRD_KEY = "/etc/ssh/ssh_host_ed25519_key"


class Ports:
    """The open ports of one machine. `reconcile` adapts them to the machine's current state."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._open: dict[int, tuple[Way, Listener]] = {}
        self._closed: list[Listener] = []
        self._shown = b""
        self._one_at_a_time = asyncio.Lock()

    async def settle(self) -> None:
        """Opens and closes ports as needed. Raises `DatacenterError` if another process uses a port."""
        async with self._one_at_a_time:
            wanted = self._wanted()
            for port, (way, listener) in list(self._open.items()):
                if wanted.get(port) != way:
                    del self._open[port]
                    await listener.close()
                    self._closed.append(listener)
            if self._machine.is_cut_off:
                for listener in self._closed:
                    listener.stall_connections()
            for port, way in wanted.items():
                if port not in self._open:
                    await self._reopen(port, way)
            self.show_host_key()

    async def _reopen(self, port: int, way: Way) -> None:
        """Opens a port. Stalled connections end when the port answers again; connections to a refused port continue."""
        if way == "silent":
            self._open[port] = (way, await listen_silently(self._machine, port))
            return
        for listener in self._closed:
            listener.drop_connections(stalled_only=True)
        self._shown = self._host_key()
        self._open[port] = (way, await listen_ssh(self._machine, port, self._shown))

    def _wanted(self) -> dict[int, Way]:
        machine = self._machine
        if machine.phase in ("off", "rebooting"):
            return {}
        port = UNLOCK_PORT if machine.phase == "initrd" else SSH_PORT
        shut = machine.spec.allowed_ports is not None and port not in machine.spec.allowed_ports
        if machine.phase == "crashed" or machine.is_cut_off or shut:
            return {port: "silent"}
        return {} if machine.site.faults.present(machine.spec.name, "refuse") else {port: "ssh"}

    def show_host_key(self) -> None:
        """Uses the current host key of the machine for new connections."""
        if any(way == "ssh" for way, _ in self._open.values()) and (key := self._host_key()) != self._shown:
            self._shown = key
            for _, listener in self._open.values():
                listener.use_host_key(key)

    def _host_key(self) -> bytes:
        machine = self._machine
        if machine.site.faults.present(machine.spec.name, "host-key"):
            foreign = machine.folder / "other_host_key"
            if not foreign.exists():
                foreign.touch(0o600)
                foreign.write_bytes(new_host_key())
            return foreign.read_bytes()
        root = machine.root
        return root.read(_INITRD_KEY if machine.phase == "initrd" else activation.host_key_path(root))

    def drop_connections(self) -> None:
        """Closes every connection at once."""
        for listener in [*self._closed, *(listener for _, listener in self._open.values())]:
            listener.drop_connections()

    async def close(self) -> None:
        """Drops every connection and closes every port."""
        async with self._one_at_a_time:
            self.drop_connections()
            while self._open:
                _, (_, listener) = self._open.popitem()
                await listener.close()
            self._closed = []
