"""Machines with scripted answers: real SSH servers on loopback that answer exactly what a test tells them to."""

import asyncio
import random
import shlex
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import asyncssh

T = TypeVar("T")

SYSTEM = "/nix/store/00000000000000000000000000000001-nixos-system-cinnabar-26.05"
NEW_SYSTEM = "/nix/store/00000000000000000000000000000002-nixos-system-cinnabar-26.05"
IDENTITY = "seed/cinnabar"


@dataclass(frozen=True)
class Said:
    """The output and the status of a command on a machine. One that does not end (`ends`) loses its connection."""

    stdout: str = ""
    stderr: str = ""
    status: int = 0
    ends: bool = True


Script = Said | Callable[["Asked"], Said | None]
"""An answer, or a function that returns one; None drops the connection without an answer."""


FAILED_UNITS = "systemctl list-units --failed --plain --no-legend --full"
BUSY_UNITS = (
    "systemctl list-units --plain --no-legend --state=active,activating "
    "'clan-*.service' 'nixos-rebuild-*.service' 'fediversity-*.service'"
)

NO_SUCH_FILE = Said(stderr="No such file or directory", status=1)


@dataclass
class Asked:
    """A command that a machine was told to run. `stdin` is its first line, read from the client's input."""

    command: str
    user: str
    terminal: bool
    stdin: str = ""


@dataclass
class ScriptedMachine:
    """A machine that has an answer for each command line, and status 127 for all others."""

    address: str
    port: int
    answers: dict[str, Script]
    host_key: asyncssh.SSHKey
    network: "Network"
    asked: list[Asked] = field(default_factory=list)
    _acceptor: asyncssh.SSHAcceptor | None = None

    @property
    def host_public_key(self) -> str:
        """Its host key as `type base64`."""
        return public_key(self.host_key)

    @property
    def commands(self) -> list[str]:
        """The command lines it was told to run, in order."""
        return [asked.command for asked in self.asked]

    def turn_off(self) -> None:
        """Refuses connections from now on."""
        acceptor, self._acceptor = self._acceptor, None
        if acceptor is not None:
            self.network.do(_closed(acceptor))

    def turn_on(self, host_key: asyncssh.SSHKey | None = None) -> None:
        """Accepts connections (again), with another host key if one is given."""
        self.turn_off()
        self.host_key = host_key or self.host_key
        self._acceptor = self.network.do(self._listen())
        self.port = self._acceptor.get_port()

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            self.address,
            self.port,
            server_factory=_Login,
            process_factory=self._serve,
            server_host_keys=[self.host_key],
            authorized_client_keys=self.network.authorized,
            kex_algs=["curve25519-sha256"],
            line_editor=False,
            reuse_address=True,
        )

    def _answer(self, asked: Asked) -> Said | None:
        questions = _questions(asked.command)
        if not questions:
            self.asked.append(asked)
            script = self._script(asked.command)
            return script(asked) if callable(script) else script
        if asked.command.startswith(_STOP_GUARD):
            return [self._answer(replace(asked, command=question)) for question in questions][-1]
        told = ""
        for question in questions:
            said = self._answer(replace(asked, command=question))
            if said is None:
                return None
            told += said.stdout + ("@ok\n" if said.status == 0 else "") + "@end\n"
        return Said(told)

    def _script(self, command: str) -> Script:
        """Returns the answer to a command, by its whole line or by a beginning that ends with `…` in the script."""
        if command in self.answers:
            return self.answers[command]
        begun = (script for line, script in self.answers.items() if line[-1:] == "…" and command.startswith(line[:-1]))
        return next(begun, Said(stderr="not in the script of this machine", status=127))

    async def _serve(self, process: asyncssh.SSHServerProcess[str]) -> None:
        asked = Asked(
            command=process.command or "",
            user=str(process.get_extra_info("username")),
            terminal=process.term_type is not None,
        )
        asked.stdin = (await process.stdin.readline()).rstrip("\n")
        said = self._answer(asked)
        if said is None:
            process.get_extra_info("connection").abort()
            return
        process.stdout.write(said.stdout)
        process.stderr.write(said.stderr)
        if not said.ends:
            await process.channel.wait_closed()
        process.exit(said.status)


def _questions(line: str) -> list[str]:
    """Returns the commands of a session that runs several at once or one after the other."""
    if line.startswith(_STOP_GUARD):
        return line.split("; ", 1)
    words = shlex.split(line)
    if words[:2] == ["sh", "-c"]:
        return [
            part.removesuffix(" && echo @ok") for part in words[2].removesuffix("; echo @end").split("; echo @end; ")
        ]
    return []


_STOP_GUARD = ("systemctl stop fediversity-guard.service; ", "sudo -n systemctl stop fediversity-guard.service; ")


class _Login(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        del username
        return True


async def _closed(acceptor: asyncssh.SSHAcceptor) -> None:
    acceptor.close()
    await acceptor.wait_closed()


class Network:
    """All machines of the tests: one event loop in a thread, and the key to log in with."""

    def __init__(self) -> None:
        self.client_key = new_key()
        self.authorized = asyncssh.import_authorized_keys(public_key(self.client_key))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._machines: list[ScriptedMachine] = []

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine in the loop and returns its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def machine(self, answers: dict[str, Script], *, on: bool = True, address: str | None = None) -> ScriptedMachine:
        """Returns a new machine at its own port, and at its own address if none is given."""
        address = address or random_address()
        machine = ScriptedMachine(address, 0 if on else free_port(address), answers, new_key(), self)
        self._machines.append(machine)
        if on:
            machine.turn_on()
        return machine

    def turn_off(self) -> None:
        """Turns every machine off."""
        for machine in self._machines:
            machine.turn_off()
        self._machines.clear()

    def close(self) -> None:
        """Stops the loop."""
        self.turn_off()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


def new_key() -> asyncssh.SSHKey:
    """Returns a new SSH key pair."""
    return asyncssh.generate_private_key("ssh-ed25519")


def public_key(key: asyncssh.SSHKey) -> str:
    """Returns the public key, as `type base64`."""
    return key.export_public_key().decode().strip()


def random_address() -> str:
    """Returns a loopback address that is probably unused."""
    return ".".join(["127", *(str(random.randint(1, 254)) for _ in range(3))])  # noqa: S311 (no secret)


def free_port(address: str) -> int:
    """Returns a port without a listener."""
    with socket.socket() as held:
        held.bind((address, 0))
        return int(held.getsockname()[1])


def answers(script: Mapping[str, Script] | None = None, *, nothing: Iterable[str] = ()) -> dict[str, Script]:
    """Returns the answers of a healthy NixOS machine of the fleet, with changes. `nothing` has answers to leave out."""
    usual: dict[str, Script] = {
        "true": Said(),
        "cat /etc/os-release": Said("ID=nixos\n"),
        "cat /etc/fediversity/identity": Said(f"{IDENTITY}\n"),
        "test -e /etc/fediversity/identity": Said(),
        "readlink -f /run/current-system": Said(f"{SYSTEM}\n"),
        "readlink -f /nix/var/nix/profiles/system": Said(f"{SYSTEM}\n"),
        "hostname": Said("cinnabar\n"),
        "cat /proc/sys/kernel/random/boot_id": Said("2b7f4c1e-0000-4000-8000-000000000001\n"),
        "df --output=avail -B1 /nix/store": Said("      Avail\n21474836480\n"),
        "date +%s": lambda _: Said(f"{time.time():.0f}\n"),
        "systemctl is-system-running": Said("running\n"),
        FAILED_UNITS: Said(),
        BUSY_UNITS: Said(),
        "ls /etc/fediversity/deployments": Said(stderr="No such file or directory", status=2),
        "zerotier-cli listnetworks": Said(stderr="command not found", status=127),
        "systemctl stop fediversity-guard.service": Said(status=5),
        "systemd-run --unit=fediversity-guard …": Said(),
    }
    return {command: said for command, said in (usual | dict(script or {})).items() if command not in set(nothing)}


def image_answers(script: Mapping[str, Script] | None = None) -> dict[str, Script]:
    """Returns the answers of a cloud's image, with changes: it has no identity and no Nix."""
    image: dict[str, Script] = {
        "true": Said(),
        "cat /etc/os-release": Said("ID=debian\n"),
        "cat /etc/fediversity/identity": NO_SUCH_FILE,
        "test -e /etc/fediversity/identity": Said(status=1),
        "readlink -f /run/current-system": Said("/run/current-system\n"),
    }
    return image | dict(script or {})


def in_turn(*scripts: Script) -> Callable[[Asked], Said | None]:
    """Returns answers that come one after the other; the last one stays."""
    left = list(scripts)

    def answer(asked: Asked) -> Said | None:
        script = left.pop(0) if len(left) > 1 else left[0]
        return script(asked) if callable(script) else script

    return answer


def hang_up(asked: Asked) -> None:
    """Drops the connection without an answer."""
    del asked
