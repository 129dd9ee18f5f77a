"""A machine's own checks: what the fleet file says must hold after an update, asked once."""

import json
from typing import Any

from fediversity.steps.job import HealthCheck, StepError
from fediversity.steps.observe.zerotier import networks
from fediversity.steps.observe.zerotier_peers import peer_problem
from fediversity.steps.transport.ssh import Target

_ANSWER_SECONDS = 10.0
_COMMAND_SECONDS = 60.0


def parse_checks(text: str | None) -> tuple[HealthCheck, ...]:
    """The checks out of FEDIVERSITY_CHECKS, a list in JSON. Raises StepError if it is something else."""
    try:
        listed = json.loads(text or "[]")
        return tuple(_check(entry) for entry in listed)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise StepError("FEDIVERSITY_CHECKS is not a list of checks in JSON") from None


def _check(entry: dict[str, Any]) -> HealthCheck:
    page = entry.get("http", {})
    asked = {
        "command": entry.get("command"),
        "url": page.get("url"),
        "port": page.get("port"),
        "path": page.get("path", "/"),
        "status": page.get("status", 200),
        "tcp": entry.get("tcp"),
        "mesh": bool(entry.get("mesh")),
        "peer": entry.get("peer"),
        "instance": entry.get("instance"),
        "timeout": float(entry.get("timeout", 60)),
    }
    return HealthCheck(name=entry.get("name") or _usual_name(HealthCheck(name="", **asked)), **asked)


def _usual_name(check: HealthCheck) -> str:
    if check.command:
        return f"`{check.command}`"
    if check.url or check.port:
        return check.url or f"the page {check.path} at port {check.port}"
    if check.peer:
        return f"the connection to {check.peer} over {check.instance}"
    return f"port {check.tcp}" if check.tcp else "the mesh"


def check_problem(check: HealthCheck, machine: Target, machine_class: str) -> str | None:
    """What does not hold of a check at the moment, for a person; None if it holds."""
    if check.command is not None:
        return _command(check, machine)
    if check.peer is not None:
        return peer_problem(check, machine, machine_class)
    if check.mesh:
        found = networks(machine)
        if any(network.status == "OK" for network in found):
            return None
        return f"{check.name}: {', '.join(network.status for network in found) or 'it has joined no network'}"
    try:
        if check.tcp is None:
            return _page(check, machine)
        import socket  # noqa: PLC0415 (as below)

        socket.create_connection((machine.host, check.tcp), timeout=_ANSWER_SECONDS).close()
        return None
    except OSError as error:
        return f"{check.name}: {error or type(error).__name__}"


def _command(check: HealthCheck, machine: Target) -> str | None:
    answer = machine.run_line(check.command or "", seconds=_COMMAND_SECONDS)
    if answer.ok:
        return None
    said = (answer.stderr or answer.stdout.strip()).splitlines()
    return f"{check.name} ended with {answer.status}{': ' if said else ''}{said[-1] if said else ''}"


def _page(check: HealthCheck, machine: Target) -> str | None:
    # Loading these takes as long as everything else the runner loads.
    from http.client import HTTPConnection, HTTPException, HTTPSConnection  # noqa: PLC0415
    from urllib.parse import urlsplit  # noqa: PLC0415

    parts = urlsplit(check.url or "")
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or machine.host, parts.port or check.port, timeout=_ANSWER_SECONDS)
    path = check.path if check.url is None else f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    try:
        connection.request("GET", path, headers={"User-Agent": "fediversity-step"})
        status = connection.getresponse().status
    except HTTPException as error:
        return f"{check.name}: no answer in HTTP ({type(error).__name__})"
    finally:
        connection.close()
    return None if status == check.status else f"{check.name} answered {status} instead of {check.status}"
