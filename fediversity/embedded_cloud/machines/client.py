"""Lets the plug-ins control the simulated machines: a client of the daemon, which it starts when needed.

    datacenter = Datacenter(Path(".fediversity/dev/cloud"))
    datacenter.create(spec)          # returns when the machine's SSH server answers
    datacenter.delete(spec.id)       # the daemon ends with its last machine

Each call is one short connection, so several threads and processes may use a `Datacenter` at the same time.
"""

import json
import os
import select
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fediversity
from fediversity.embedded_cloud.machines.spec import DatacenterError, MachineSpec
from fediversity.support.locks import locked

START_SECONDS = 60.0
"""Maximum time for a daemon to start all machines of a site; a hundred need about a second on an idle computer."""

CALL_SECONDS = 60.0
_RETRIES = 3


class _NotRunningError(Exception):
    """The site's daemon does not answer."""


@dataclass(frozen=True)
class _Endpoint:
    pid: int
    port: int
    token: str


class Datacenter:
    """All simulated machines of one site. `cloud` is the folder `.fediversity/<stack>/cloud`."""

    def __init__(self, cloud: Path) -> None:
        self._cloud = cloud.absolute()
        self._endpoint_file = self._cloud / "datacenter.json"

    def create(self, spec: MachineSpec) -> None:
        """Creates and boots a machine, unless one with that id exists. Returns when its SSH server answers.

        Raises `DatacenterError`, for example if another process listens on the machine's address.
        """
        self._call_and_start("create", spec=spec.to_json())

    def change(self, machine_id: str, **changes: Any) -> None:
        """Changes fields of a machine's spec in place (`spec.CHANGEABLE`); the machine keeps running."""
        data = {name: _to_json(value) for name, value in changes.items()}
        self._call_and_start("change", id=machine_id, changes=data)

    def power_on(self, machine_id: str) -> None:
        """Starts a machine that is off or crashed. Does nothing if it is running."""
        self._call_and_start("power_on", id=machine_id)

    def power_off(self, machine_id: str) -> None:
        """Switches the machine off without a shutdown: connections drop at once, nothing answers until `power_on`."""
        self._call_and_start("power_off", id=machine_id)

    def ensure_on(self) -> None:
        """Starts the daemon if machines exist on disk and no daemon runs, for example after a reboot."""
        if any((self._cloud / "machines").glob("*/machine.json")):
            self._call_and_start("ping")

    def machines(self) -> dict[str, dict[str, Any]]:
        """Returns the record of every machine on disk by id: its spec, its phase and the number of installs."""
        records = {}
        for path in sorted((self._cloud / "machines").glob("*/machine.json")):
            with suppress(FileNotFoundError):  # deleted by another process in the meantime
                records[path.parent.name] = json.loads(path.read_text())
        return records

    def delete(self, machine_id: str) -> None:
        """Ends a machine and removes its folder. Ignores an unknown id. The daemon ends with its last machine."""
        with self._locked():
            try:
                self._call_and_wait("delete", id=machine_id)
            except _NotRunningError:
                shutil.rmtree(self._cloud / "machines" / _valid_id(machine_id), ignore_errors=True)

    def stop(self) -> None:
        """Ends the daemon if it runs. The machines stay on disk and return with the next daemon."""
        with self._locked(), suppress(_NotRunningError):
            self._call_and_wait("stop")

    def reconcile(self) -> None:
        """Notifies a running daemon of changed faults, which it would otherwise notice a moment later."""
        with suppress(_NotRunningError):
            self._call("settle")

    def heal(self, name: str | None = None) -> None:
        """Repairs the machines with a name, or all: undoes the effects of faults and power-cycles hung machines."""
        if any((self._cloud / "machines").glob("*/machine.json")):
            self._call_and_start("heal", name=name)

    def _call_and_start(self, op: str, **arguments: Any) -> Any:
        """Sends one request to the daemon, which is started if needed.

        A daemon that is ending may accept the connection and never answer. Every request is idempotent, so it is then
        sent to a new daemon.
        """
        for _ in range(_RETRIES):
            try:
                return self._call(op, **arguments)
            except _NotRunningError:
                self._start()
        raise DatacenterError(f"the simulated datacenter ended while it did `{op}`; see {self._log}")

    def _call(self, op: str, **arguments: Any) -> Any:
        endpoint = self._endpoint()
        with _connection(endpoint) as channel:
            return _request(channel, endpoint, op, arguments)

    def _call_and_wait(self, op: str, **arguments: Any) -> None:
        """Sends one request. If that ends the daemon, returns only after its process has ended."""
        endpoint = self._endpoint()
        with _connection(endpoint) as channel:
            result = _request(channel, endpoint, op, arguments)
            if result == "ending":
                _wait_for_end(channel, endpoint.pid)

    def _endpoint(self) -> _Endpoint:
        try:
            return _Endpoint(**json.loads(self._endpoint_file.read_text()))
        except FileNotFoundError:
            raise _NotRunningError from None

    @property
    def _log(self) -> Path:
        return self._cloud / "datacenter.log"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Allows only one process at a time to start or end the daemon of a site."""
        if not self._cloud.is_dir():
            yield
            return
        with locked(self._cloud / "datacenter.lock"):
            yield

    def _start(self) -> None:
        self._cloud.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked():
            try:
                self._call("ping")
            except _NotRunningError:
                self._spawn()

    def _spawn(self) -> None:
        """Starts a daemon in its own session; it writes one line to `ready` once all its machines answer."""
        package_parent = Path(fediversity.__file__).parents[1]
        ready, signal_ready = os.pipe()
        with self._log.open("ab") as log:
            os.chmod(self._log, 0o600)
            daemon = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "fediversity.embedded_cloud.machines.daemon",
                    str(self._cloud),
                    str(signal_ready),
                ],
                cwd=package_parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(signal_ready,),
                start_new_session=True,
            )
        os.close(signal_ready)
        with os.fdopen(ready, "rb") as answer:
            waiting, _, _ = select.select([answer], [], [], START_SECONDS)
            if not waiting or answer.readline() != b"ready\n":
                daemon.kill()
                daemon.wait()
                raise DatacenterError(
                    f"the simulated datacenter does not start; {self._log} ends with:\n{self._tail()}"
                )

    def _tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-10:])


@contextmanager
def _connection(endpoint: _Endpoint) -> Iterator[socket.socket]:
    try:
        channel = socket.create_connection(("127.0.0.1", endpoint.port), timeout=CALL_SECONDS)
    except ConnectionError:
        raise _NotRunningError from None
    with channel:
        yield channel


def _request(channel: socket.socket, endpoint: _Endpoint, op: str, arguments: Mapping[str, Any]) -> Any:
    try:
        channel.sendall(json.dumps({"token": endpoint.token, "op": op, "arguments": arguments}).encode() + b"\n")
        line = channel.makefile("rb").readline()
    except ConnectionError:
        raise _NotRunningError from None
    except TimeoutError:
        raise DatacenterError(f"the simulated datacenter did not do `{op}` within {CALL_SECONDS:.0f} s") from None
    if not line:
        raise _NotRunningError
    answer = json.loads(line)
    if answer.get("wrong_token"):  # the port of an ended daemon was taken by the daemon of another site
        raise _NotRunningError
    if "error" in answer:
        raise DatacenterError(answer["error"])
    return answer["result"]


def _wait_for_end(channel: socket.socket, pid: int) -> None:
    """Waits until a daemon that announced its end has ended.

    The daemon never closes this connection, so its end is the end of the process. This holds for every client, and also
    while an exited daemon waits for its parent.
    """
    channel.recv(1)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _valid_id(machine_id: str) -> str:
    if not machine_id or "/" in machine_id or machine_id.startswith("."):
        raise DatacenterError(f"`{machine_id}` cannot be the id of a machine")
    return machine_id


def _to_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _to_json(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value
