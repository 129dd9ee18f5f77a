"""The kinds of health check that a machine can have, and their form in JSON.

Each kind is one class, and `KINDS` is the one table of them: the fleet file's model (`health`) is compared with it, and
the step runner asks one function a kind. Every step loads this module when it starts, so it uses no pydantic, and named
tuples, which take an eighth of the time of dataclasses to define.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from fediversity.support.errors import FediversityError

USUAL_TIMEOUT = 60.0


class CommandCheck(NamedTuple):
    """A `command` that must end with status 0, run on the machine by its login user.

    Of every kind, `name` is what messages call the check, and `timeout` is for how many seconds it is tried.
    """

    name: str
    command: str
    timeout: float = USUAL_TIMEOUT


class HttpCheck(NamedTuple):
    """A page that must answer with `status` to the deploying computer.

    Its place is either a `url`, or a `port` of the machine's own address with a `path`.
    """

    name: str
    url: str | None = None
    port: int | None = None
    path: str = "/"
    status: int = 200
    timeout: float = USUAL_TIMEOUT


class TcpCheck(NamedTuple):
    """A `port` of the machine that must take a connection from the deploying computer."""

    name: str
    port: int
    timeout: float = USUAL_TIMEOUT


class MeshCheck(NamedTuple):
    """The machine's own ZeroTier must be connected to its network."""

    name: str
    timeout: float = USUAL_TIMEOUT


class PeerCheck(NamedTuple):
    """The machine's own ZeroTier must have an active path to `peer`, another machine of the mesh `instance`."""

    name: str
    peer: str
    instance: str
    timeout: float = USUAL_TIMEOUT


DirectCheck = CommandCheck | HttpCheck | TcpCheck | MeshCheck
"""A check that can be asked as it is written: all but that of a peer, whose address has to be looked up."""

HealthCheck = DirectCheck | PeerCheck


class HealthCheckError(FediversityError, ValueError):
    """Health checks that cannot be read. The text has a line for each thing that is wrong."""


class _Entry:
    """One check of a JSON document. Each method reads one value and raises HealthCheckError for one of another type."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def text(self, key: str) -> str:
        value = self.optional_text(key)
        if value is None:
            raise HealthCheckError(f"`{key}` is missing")
        return value

    def optional_text(self, key: str) -> str | None:
        value = self._values.get(key)
        if value is not None and not isinstance(value, str):
            raise HealthCheckError(f"`{key}` is {value!r}, which is no text")
        return value

    def whole(self, key: str) -> int:
        value = self.optional_whole(key)
        if value is None:
            raise HealthCheckError(f"`{key}` is missing")
        return value

    def optional_whole(self, key: str) -> int | None:
        value = self._values.get(key)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise HealthCheckError(f"`{key}` is {value!r}, which is no whole number")
        return value

    def inner(self, key: str) -> "_Entry":
        value = self._values.get(key)
        if not isinstance(value, dict):
            raise HealthCheckError(f"`{key}` is {value!r}, which is no object")
        return _Entry(value)

    @property
    def timeout(self) -> float:
        value = self._values.get("timeout", USUAL_TIMEOUT)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise HealthCheckError(f"`timeout` is {value!r}, which is no number of seconds")
        return float(value)

    def name(self, usual: str) -> str:
        return self.optional_text("name") or usual


def _command(entry: _Entry) -> CommandCheck:
    command = entry.text("command")
    return CommandCheck(entry.name(f"`{command}`"), command, entry.timeout)


def _http(entry: _Entry) -> HttpCheck:
    page = entry.inner("http")
    url, port, path = page.optional_text("url"), page.optional_whole("port"), page.optional_text("path") or "/"
    if (url is None) == (port is None):
        raise HealthCheckError("`http` needs either `url` or `port`")
    name = entry.name(url or f"the page {path} at port {port}")
    return HttpCheck(name, url, port, path, page.optional_whole("status") or 200, entry.timeout)


def _tcp(entry: _Entry) -> TcpCheck:
    port = entry.whole("tcp")
    return TcpCheck(entry.name(f"port {port}"), port, entry.timeout)


def _mesh(entry: _Entry) -> MeshCheck:
    return MeshCheck(entry.name("the mesh"), entry.timeout)


def _peer(entry: _Entry) -> PeerCheck:
    peer, instance = entry.text("peer"), entry.text("instance")
    return PeerCheck(entry.name(f"the connection to {peer} over {instance}"), peer, instance, entry.timeout)


KINDS: Mapping[str, Callable[[_Entry], HealthCheck]] = {
    "command": _command,
    "http": _http,
    "tcp": _tcp,
    "mesh": _mesh,
    "peer": _peer,
}
"""How a check of each kind is read. The key is the kind's key in the fleet file and in JSON."""


def read_health_checks(document: object) -> tuple[HealthCheck, ...]:
    """Reads the checks of a JSON document: a list of objects in the form of the fleet file.

    A check of a `peer` also has the `instance` of the mesh. Raises HealthCheckError with everything that is wrong.
    """
    if not isinstance(document, list):
        raise HealthCheckError("it is not a list of checks")
    checks: list[HealthCheck] = []
    problems: list[str] = []
    for number, values in enumerate(document, start=1):
        try:
            checks.append(_read(values))
        except HealthCheckError as error:
            problems.append(f"check {number}: {error}")
    if problems:
        raise HealthCheckError("\n".join(problems))
    return tuple(checks)


def _read(values: object) -> HealthCheck:
    if not isinstance(values, dict):
        raise HealthCheckError("it is no object")
    kinds = [kind for kind in KINDS if values.get(kind) is not None]
    if len(kinds) != 1:
        raise HealthCheckError(f"it has {len(kinds)} of the kinds {', '.join(KINDS)}; it must have one")
    return KINDS[kinds[0]](_Entry(values))
