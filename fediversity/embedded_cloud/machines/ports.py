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

PortMode = Literal["ssh", "silent"]

_INITRD_KEY = "/etc/ssh/ssh_host_ed25519_key"


class Ports:
    """The open ports of one machine. `reconcile` adapts them to the machine's current state."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._open: dict[int, tuple[PortMode, Listener]] = {}
        self._closed: list[Listener] = []
        self._current_key = b""
        self._one_at_a_time = asyncio.Lock()

    async def reconcile(self) -> None:
        """Opens and closes ports as needed. Raises `DatacenterError` if another process uses a port."""
        async with self._one_at_a_time:
            desired = self._desired()
            for port, (mode, listener) in list(self._open.items()):
                if desired.get(port) != mode:
                    del self._open[port]
                    await listener.close()
                    self._closed.append(listener)
            if self._machine.is_unreachable:
                for listener in self._closed:
                    listener.stall_connections()
            for port, mode in desired.items():
                if port not in self._open:
                    await self._reopen(port, mode)
            self.use_current_host_key()

    async def _reopen(self, port: int, mode: PortMode) -> None:
        """Opens a port. Stalled connections end when the port answers again; connections to a refused port continue."""
        if mode == "silent":
            self._open[port] = (mode, await listen_silently(self._machine, port))
            return
        for listener in self._closed:
            listener.drop_connections(stalled_only=True)
        self._current_key = self._host_key()
        self._open[port] = (mode, await listen_ssh(self._machine, port, self._current_key))

    def _desired(self) -> dict[int, PortMode]:
        machine = self._machine
        if machine.phase in ("off", "rebooting"):
            return {}
        port = UNLOCK_PORT if machine.phase == "initrd" else SSH_PORT
        firewalled = machine.spec.allowed_ports is not None and port not in machine.spec.allowed_ports
        if machine.phase == "crashed" or machine.is_unreachable or firewalled:
            return {port: "silent"}
        return {} if machine.site.faults.active(machine.spec.name, "refuse") else {port: "ssh"}

    def use_current_host_key(self) -> None:
        """Uses the current host key of the machine for new connections."""
        if any(mode == "ssh" for mode, _ in self._open.values()) and (key := self._host_key()) != self._current_key:
            self._current_key = key
            for _, listener in self._open.values():
                listener.use_host_key(key)

    def _host_key(self) -> bytes:
        machine = self._machine
        if machine.site.faults.active(machine.spec.name, "host-key"):
            path = machine.folder / "other_host_key"
            if not path.exists():
                path.touch(0o600)
                path.write_bytes(new_host_key())
            return path.read_bytes()
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
