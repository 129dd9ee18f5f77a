"""Asks the health checks of a machine: one function for each kind."""

from typing import assert_never

from fediversity.fleet.health_checks import CommandCheck, DirectCheck, HttpCheck, MeshCheck, TcpCheck
from fediversity.steps.observe.zerotier import networks
from fediversity.steps.observe.zerotier_peers import AddressedPeerCheck, peer_problem
from fediversity.steps.transport.ssh import Target

_ANSWER_SECONDS = 10.0
_COMMAND_SECONDS = 60.0

ReadyCheck = DirectCheck | AddressedPeerCheck
"""A check that can be asked: a check of a peer has the peer's address."""


def check_problem(check: ReadyCheck, target: Target, machine_class: str) -> str | None:
    """Returns why a check does not pass at the moment, None if it passes."""
    match check:
        case CommandCheck():
            return _command_problem(check, target)
        case HttpCheck():
            return _page_problem(check, target)
        case TcpCheck():
            return _port_problem(check, target)
        case MeshCheck():
            return _mesh_problem(check, target)
        case AddressedPeerCheck():
            return peer_problem(check, target, machine_class)
        case _:
            assert_never(check)


def _command_problem(check: CommandCheck, target: Target) -> str | None:
    answer = target.run_line(check.command, seconds=_COMMAND_SECONDS)
    if answer.ok:
        return None
    lines = (answer.stderr or answer.stdout.strip()).splitlines()
    return f"{check.name} ended with {answer.status}{': ' if lines else ''}{lines[-1] if lines else ''}"


def _mesh_problem(check: MeshCheck, target: Target) -> str | None:
    joined = networks(target)
    if any(network.status == "OK" for network in joined):
        return None
    return f"{check.name}: {', '.join(network.status for network in joined) or 'it has joined no network'}"


def _port_problem(check: TcpCheck, target: Target) -> str | None:
    import socket  # noqa: PLC0415 (as below)

    try:
        socket.create_connection((target.host, check.port), timeout=_ANSWER_SECONDS).close()
    except OSError as error:
        return f"{check.name}: {error or type(error).__name__}"
    return None


def _page_problem(check: HttpCheck, target: Target) -> str | None:
    # To load these takes as long as to load everything else of the runner.
    from http.client import HTTPConnection, HTTPException, HTTPSConnection  # noqa: PLC0415
    from urllib.parse import urlsplit  # noqa: PLC0415

    parts = urlsplit(check.url or "")
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or target.host, parts.port or check.port, timeout=_ANSWER_SECONDS)
    path = check.path if check.url is None else f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    try:
        connection.request("GET", path, headers={"User-Agent": "fediversity-step"})
        status = connection.getresponse().status
    except OSError as error:
        return f"{check.name}: {error or type(error).__name__}"
    except HTTPException as error:
        return f"{check.name}: no answer in HTTP ({type(error).__name__})"
    finally:
        connection.close()
    return None if status == check.status else f"{check.name} answered {status} instead of {check.status}"
