"""The plug-ins' way to the simulated machines: a client of the daemon, which it starts when needed.

    datacenter = Datacenter(Path(".fediversity/dev/cloud"))
    datacenter.create(spec)          # returns when the machine's SSH server answers
    datacenter.delete(spec.id)       # the daemon ends with its last machine

Every call is one short connection, so a `Datacenter` may be used from several threads and processes at once.
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
"""How long a daemon may take to bring all machines of a site up; a hundred need about a second on an idle computer."""

CALL_SECONDS = 60.0
_RETRIES = 3


class _NotRunningError(Exception):
    """No daemon of this site answers."""


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
        """Makes and boots a machine; does nothing when a machine of that id is there. Returns when its SSH answers.

        Raises `DatacenterError`, for example when something else listens on the machine's address.
        """
        self._call_started("create", spec=spec.to_json())

    def change(self, machine_id: str, **changes: Any) -> None:
        """Changes fields of a machine's spec in place (`spec.CHANGEABLE`); the machine keeps running."""
        data = {name: _plain(value) for name, value in changes.items()}
        self._call_started("change", id=machine_id, changes=data)

    def power_on(self, machine_id: str) -> None:
        """Starts a machine that is off or crashed; does nothing to one that runs."""
        self._call_started("power_on", id=machine_id)

    def power_off(self, machine_id: str) -> None:
        """Pulls the plug: connections drop at once and nothing answers until `power_on`."""
        self._call_started("power_off", id=machine_id)

    def ensure_on(self) -> None:
        """Starts the daemon when machines are on disk and no daemon runs, as after a reboot of this computer."""
        if any((self._cloud / "machines").glob("*/machine.json")):
            self._call_started("ping")

    def machines(self) -> dict[str, dict[str, Any]]:
        """The record of every machine on disk by id: its spec, what it runs, and how often it was installed."""
        records = {}
        for path in sorted((self._cloud / "machines").glob("*/machine.json")):
            with suppress(FileNotFoundError):  # deleted by another process just now
                records[path.parent.name] = json.loads(path.read_text())
        return records

    def delete(self, machine_id: str) -> None:
        """Ends a machine and removes its folder; an unknown id is no error. The daemon ends with its last machine."""
        with self._locked():
            try:
                self._call_and_wait("delete", id=machine_id)
            except _NotRunningError:
                shutil.rmtree(self._cloud / "machines" / _checked_id(machine_id), ignore_errors=True)

    def stop(self) -> None:
        """Ends the daemon, if one runs; the machines stay on disk and come back with the next daemon."""
        with self._locked(), suppress(_NotRunningError):
            self._call_and_wait("stop")

    def settle(self) -> None:
        """Tells a running daemon that faults have changed; it would notice by itself a moment later."""
        with suppress(_NotRunningError):
            self._call("settle")

    def heal(self, name: str | None = None) -> None:
        """Repairs the machines of a name, or all: what a fault left behind is undone, what hangs is power-cycled."""
        if any((self._cloud / "machines").glob("*/machine.json")):
            self._call_started("heal", name=name)

    def _call_started(self, op: str, **arguments: Any) -> Any:
        """One request, to a daemon that is started for it if needed.

        A daemon that is just ending may take the connection and never answer; every request is idempotent, so it is
        then sent to a new one.
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
        """One request; when it ends the daemon, returns only after the process is gone."""
        endpoint = self._endpoint()
        with _connection(endpoint) as channel:
            result = _request(channel, endpoint, op, arguments)
            if result == "ending":
                _await_end(channel, endpoint.pid)

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
        """One process at a time starts or ends the daemon of a site."""
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
        """Starts a daemon in its own session; it writes one line into `ready` once all its machines answer."""
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
    if answer.get("wrong_token"):  # the port of a daemon that is gone, taken by another site's
        raise _NotRunningError
    if "error" in answer:
        raise DatacenterError(answer["error"])
    return answer["result"]


def _await_end(channel: socket.socket, pid: int) -> None:
    """Waits until a daemon that said it ends is gone.

    The daemon never closes this connection, so its end is the end of the process: true for whoever started it, and
    also while an exited daemon waits for its parent.
    """
    channel.recv(1)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _checked_id(machine_id: str) -> str:
    if not machine_id or "/" in machine_id or machine_id.startswith("."):
        raise DatacenterError(f"`{machine_id}` cannot be the id of a machine")
    return machine_id


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value
