"""Implements the daemon of a site: `python -m fediversity.embedded_cloud.machines.daemon CLOUD [READY_FD]`.

It hosts all machines of the site, writes `datacenter.json` for its clients, and ends with its last machine. It writes a
line to READY_FD once every machine answers.
"""

import asyncio
import json
import os
import secrets
import signal
import sys
from contextlib import suppress
from pathlib import Path

from fediversity.embedded_cloud.faults.kinds import FaultError
from fediversity.embedded_cloud.faults.store import FaultStore
from fediversity.embedded_cloud.machines.control import Control
from fediversity.embedded_cloud.machines.site import Site
from fediversity.support.files import PRIVATE, write_atomically

_POLL_SECONDS = 2.0
_FAULT_POLL_SECONDS = 0.2


async def run(cloud: Path, ready: int | None) -> None:
    """Serves until the site is empty or removed, or a signal arrives."""
    faults = FaultStore(cloud)
    site = Site(cloud, faults)
    control = Control(site, secrets.token_hex(16))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, control.ended.set)
    endpoint = cloud / "datacenter.json"
    try:
        await site.resume()
        server = await asyncio.start_server(control.serve, "127.0.0.1", 0)
        _write_endpoint(endpoint, server.sockets[0].getsockname()[1], control.token)
        if ready is not None:
            os.write(ready, b"ready\n")
            os.close(ready)
        watch = asyncio.create_task(_watch_faults(site, faults))
        await _wait_for_end(control, endpoint)
        watch.cancel()
        server.close()
    finally:
        if _belongs_to(endpoint, control):
            endpoint.unlink(missing_ok=True)
        await site.end()


async def _watch_faults(site: Site, faults: FaultStore) -> None:
    """Applies faults as they begin and end."""
    applied: list[tuple[str, str]] = []
    last_error = ""
    while True:
        try:
            current = [(fault.machine, fault.kind) for fault in faults.entries()]
            if current != applied:
                applied = current
                await site.reconcile()
        except FaultError as error:
            if last_error != str(error):
                last_error = str(error)
                print(last_error, flush=True)
        await asyncio.sleep(_FAULT_POLL_SECONDS)


async def _wait_for_end(control: Control, endpoint: Path) -> None:
    """Waits for the end, or until the site's folder is removed: no client could then end the daemon."""
    while not control.ended.is_set() and _belongs_to(endpoint, control):
        with suppress(TimeoutError):
            await asyncio.wait_for(control.ended.wait(), _POLL_SECONDS)


def _belongs_to(endpoint: Path, control: Control) -> bool:
    try:
        token = json.loads(endpoint.read_text()).get("token")
    except FileNotFoundError:
        return False
    return bool(token == control.token)


def _write_endpoint(path: Path, port: int, token: str) -> None:
    write_atomically(path, json.dumps({"pid": os.getpid(), "port": port, "token": token}), mode=PRIVATE)


def main() -> None:
    """Starts the daemon."""
    os.umask(0o022)
    ready = int(sys.argv[2]) if len(sys.argv) > 2 else None
    asyncio.run(run(Path(sys.argv[1]), ready))


if __name__ == "__main__":
    main()
