"""What to do when a zone of Google's has no machine left: pure functions over the engine's output."""

import re

from fediversity.fleet.model import Fleet

_FULL = "ZONE_RESOURCE_POOL_EXHAUSTED"
_ABOUT_SERVER = re.compile(r"^  \S+ \((?P<machine>.+)-server\):$")
_ABOUT = re.compile(r"^  \S+ \(.+\):$")


def capacity_error_lines(output: str, fleet: Fleet, fleet_file: str) -> list[str]:
    """For each machine that its zone had no room for: where it could stand, and what to write in the fleet file."""
    refused = [(name, machine) for name in _refused(output) if (machine := fleet.machines.get(name)) is not None]
    return [line for name, machine in refused for line in machine.provider.when_full(name, fleet_file)]


def _refused(output: str) -> list[str]:
    machines: dict[str, None] = {}
    about: str | None = None
    for line in output.splitlines():
        if _ABOUT.match(line):
            server = _ABOUT_SERVER.match(line)
            about = server["machine"] if server else None
        elif about is not None and _FULL in line:
            machines[about] = None
    return list(machines)
