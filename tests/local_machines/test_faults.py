"""Where faults will enter: a site asks before each connection and each command."""

import asyncio
import subprocess
from pathlib import Path

from fediversity.local.machines.client import Datacenter
from fediversity.local.machines.site import Site as DaemonSite
from fediversity.local.machines.spec import SSH_PORT
from tests.local_machines.sites import Site


class Broken:
    """Lets no connection in on the first try, and fails one command."""

    def __init__(self) -> None:
        self.connections = 0

    def refuses_connection(self, machine_id: str, port: int) -> bool:
        self.connections += 1
        return (machine_id, port, self.connections) == ("id-ares", SSH_PORT, 1)

    async def before_command(self, machine_id: str, command: str) -> int | None:
        return 9 if (machine_id, command) == ("id-ares", "hostname") else None


def test_faults_are_asked_before_connections_and_commands(tmp_path: Path) -> None:
    site = Site(tmp_path).prepare()
    Recorder(site)
    spec = site.server("ares")

    async def scenario() -> list[int | None]:
        daemon = DaemonSite(site.cloud, Broken())
        (site.cloud / "machines").mkdir(parents=True)
        await daemon.create(spec)
        try:
            return [await _ssh(site, spec.address, command) for command in ("true", "true", "hostname")]
        finally:
            await daemon.end()

    assert asyncio.run(scenario()) == [255, 0, 9]


class Recorder(Datacenter):
    """Takes machines without making them: the test itself plays the daemon."""

    def __init__(self, site: Site) -> None:
        super().__init__(site.cloud)
        site.datacenter = self

    def create(self, spec: object) -> None:
        """Makes nothing."""


async def _ssh(site: Site, address: str, command: str) -> int | None:
    options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"]
    words = ["ssh", "-F", "none", "-i", str(site.key), *options, "-p", str(SSH_PORT), f"root@{address}", command]
    client = await asyncio.create_subprocess_exec(*words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    await client.wait()
    return client.returncode
