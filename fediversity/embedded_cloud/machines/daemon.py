"""The daemon of a site: `python -m fediversity.embedded_cloud.machines.daemon CLOUD [READY_FD]`.

It hosts all machines of the site, writes `datacenter.json` for its clients, and ends with its last machine. Once
everything answers it writes a line to READY_FD.
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

_LOOK_S = 2.0
_FAULTS_S = 0.2


async def run(cloud: Path, ready: int | None) -> None:
    """Serves until the site is empty or gone, or a signal comes."""
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
    """Sees to it that faults begin and end when their time has come."""
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
    """Waits for the end, or until somebody has removed the site's folder: then nobody could ever end the daemon."""
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
    write_atomically(path, json.dumps({"pid": os.getpid(), "port": port, "token": token}), mode=PRIVATE)


def main() -> None:
    """Starts the daemon."""
    os.umask(0o022)
    ready = int(sys.argv[2]) if len(sys.argv) > 2 else None
    asyncio.run(run(Path(sys.argv[1]), ready))


if __name__ == "__main__":
    main()
