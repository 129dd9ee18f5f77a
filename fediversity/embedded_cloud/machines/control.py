"""Serves the control channel of a site's daemon: JSON lines on a loopback port; each request has the site's token."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

from fediversity.embedded_cloud.machines.spec import DatacenterError, MachineSpec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from fediversity.embedded_cloud.machines.site import Site

_ENDING = "ending"


class Control:
    """Answers the plug-ins' requests. `ended` is set when the daemon must end: on request or after its last machine."""

    def __init__(self, site: Site, token: str) -> None:
        self._site = site
        self.token = token
        self._one_at_a_time = asyncio.Lock()
        self.ended = asyncio.Event()
        self._operations: Mapping[str, Callable[[Mapping[str, Any]], Awaitable[Any]]] = {
            "ping": self._ping,
            "create": self._create,
            "change": self._change,
            "power_on": self._power_on,
            "power_off": self._power_off,
            "delete": self._delete,
            "settle": self._reconcile,
            "heal": self._heal,
            "stop": self._stop,
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection with one request and one answer.

        If the daemon ends, the connection stays open until the process ends, which tells the client so.
        """
        answer = await self._answer(await reader.readline())
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
        if answer.get("result") == _ENDING:
            os.dup(writer.get_extra_info("socket").fileno())  # keeps the connection open until the process ends
        writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            if request["token"] != self.token:
                return {"wrong_token": True}
            operation = self._operations[request["op"]]
            async with self._one_at_a_time:
                if self.ended.is_set():
                    return {"wrong_token": True}
                return {"result": await operation(request["arguments"])}
        except DatacenterError as error:
            return {"error": str(error)}
        except Exception as error:  # a bug; the client must not wait forever
            return {"error": f"the simulated datacenter failed: {error!r}"}

    async def _ping(self, _arguments: Mapping[str, Any]) -> None:
        """Answers that the daemon runs."""

    async def _create(self, arguments: Mapping[str, Any]) -> None:
        try:
            await self._site.create(MachineSpec.from_json(arguments["spec"]))
        finally:
            self._end_if_empty()

    async def _change(self, arguments: Mapping[str, Any]) -> None:
        await self._site.change(arguments["id"], arguments["changes"])

    async def _power_on(self, arguments: Mapping[str, Any]) -> None:
        await self._site.machine(arguments["id"]).power.on()

    async def _power_off(self, arguments: Mapping[str, Any]) -> None:
        await self._site.machine(arguments["id"]).power.off()

    async def _reconcile(self, _arguments: Mapping[str, Any]) -> None:
        await self._site.reconcile()

    async def _heal(self, arguments: Mapping[str, Any]) -> None:
        await self._site.heal(arguments["name"])

    async def _delete(self, arguments: Mapping[str, Any]) -> str | None:
        await self._site.delete(arguments["id"])
        return self._end_if_empty()

    async def _stop(self, _arguments: Mapping[str, Any]) -> str:
        self.ended.set()
        return _ENDING

    def _end_if_empty(self) -> str | None:
        if self._site.machines:
            return None
        self.ended.set()
        return _ENDING
