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

_LOOK_S = 2.0
_FAULTS_S = 0.2


async def run(cloud: Path, ready: int | None) -> None:
    """Serves until the site is empty or removed, or a signal arrives."""
    book = FaultStore(cloud)
    site = Site(cloud, book)
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
        watch = asyncio.create_task(_watch_faults(site, book))
        await _ended_or_removed(control, endpoint)
        watch.cancel()
        server.close()
    finally:
        if _belongs_to(endpoint, control):
            endpoint.unlink(missing_ok=True)
        await site.end()


async def _watch_faults(site: Site, book: FaultStore) -> None:
    """Applies faults as they begin and end."""
    known: list[tuple[str, str]] = []
    complaint = ""
    while True:
        try:
            now = [(fault.machine, fault.kind) for fault in book.entries()]
            if now != known:
                known = now
                await site.settle()
        except FaultError as error:
            if complaint != str(error):
                complaint = str(error)
                print(complaint, flush=True)
        await asyncio.sleep(_FAULTS_S)


async def _ended_or_removed(control: Control, endpoint: Path) -> None:
    """Waits for the end, or until the site's folder is removed: no client could then end the daemon."""
    while not control.ended.is_set() and _belongs_to(endpoint, control):
        with suppress(TimeoutError):
            await asyncio.wait_for(control.ended.wait(), _LOOK_S)


def _belongs_to(endpoint: Path, control: Control) -> bool:
    try:
        token = json.loads(endpoint.read_text()).get("token")
    except FileNotFoundError:
        return False
    return bool(token == control.token)


def _write_endpoint(path: Path, port: int, token: str) -> None:
    half = path.with_suffix(".new")
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"pid": os.getpid(), "port": port, "token": token}, file)
    half.replace(path)


def main() -> None:
    """Starts the daemon."""
    os.umask(0o022)
    ready = int(sys.argv[2]) if len(sys.argv) > 2 else None
    asyncio.run(run(Path(sys.argv[1]), ready))


if __name__ == "__main__":
    main()
