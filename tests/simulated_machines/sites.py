"""Provides a simulated site for tests: a flake, a daemon and an SSH key, all removed afterwards."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fediversity.embedded_cloud.faults.store import FaultStore
from fediversity.embedded_cloud.machines.client import Datacenter
from fediversity.embedded_cloud.machines.spec import SSH_PORT, MachineSpec

BIN = Path(__file__).parents[2] / "fediversity" / "embedded_cloud" / "bin"
DEADLINE_SECONDS = 30.0

Done = subprocess.CompletedProcess[str]

_FLAKE = {
    "flake.nix": "{ }\n",
    "modules/base.nix": "{ flake.modules.nixos.base = { }; }\n",
    "modules/ares.nix": '{ config, ... }: { flake.modules.nixos."machines/ares" = { imports = [ base ]; }; }\n',
    "modules/boreas.nix": '{ config, ... }: { flake.modules.nixos."machines/boreas" = { imports = [ base ]; }; }\n',
    "modules/mac.nix": '{ ... }: { flake.modules.darwin."machines/mac" = { }; }\n',
}


def fleet() -> dict[str, Any]:
    """Returns a fleet of two servers and a Mac; one server is encrypted and controls the mesh."""

    def machine(kind: str, encrypted: bool = False) -> dict[str, Any]:
        return {
            "machineClass": kind,
            "system": "aarch64-darwin" if kind == "darwin" else "x86_64-linux",
            "tags": sorted(["all", kind]),
            "description": "",
            "encrypted": encrypted,
            "unlockPort": 2223 if encrypted else None,
            "mesh": None,
        }

    def role(machines: list[str], tags: list[str], **settings: Any) -> dict[str, Any]:
        return {"machines": machines, "tags": tags, "settings": settings}

    return {
        "version": 1,
        "name": "pantheon",
        "domain": "zt",
        "machines": {"ares": machine("nixos", True), "boreas": machine("nixos"), "mac": machine("darwin")},
        "instances": {
            "sshd-clan": {"module": "sshd", "roles": {"server": role([], ["all"]), "client": role([], ["all"])}},
            "mesh": {"module": "zerotier", "roles": {"controller": role(["ares"], []), "peer": role([], ["nixos"])}},
            "users-root": {"module": "users", "roles": {"default": role([], ["nixos"], user="root", prompt=False)}},
            "emergency": {"module": "emergency-access", "roles": {"default": role([], ["nixos"])}},
        },
        "deployments": {
            "social": {
                "machine": "boreas",
                "application": "mastodon",
                "enable": True,
                "removeData": False,
                "domain": "social.example",
                "initialUser": {"username": "odin", "displayName": "Odin", "email": "odin@social.example"},
                "size": "small",
                "storage": None,
                "mail": None,
            }
        },
    }


@dataclass
class Site:
    """One site below `folder`, whose datacenter must be stopped at the end."""

    folder: Path
    specs: dict[str, MachineSpec] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = self.folder / "state"
        self.cloud = self.state / "cloud"
        self.flake = self.folder / "nix"
        self.key = self.folder / "identity"
        self.datacenter = Datacenter(self.cloud)
        self.faults = FaultStore(self.cloud)
        self.known_hosts = self.folder / "known_hosts"
        self._octets = random.SystemRandom()

    def prepare(self) -> "Site":
        """Writes the flake and generates the key."""
        for name, text in _FLAKE.items():
            (self.flake / name).parent.mkdir(parents=True, exist_ok=True)
            (self.flake / name).write_text(text)
        self.write_fleet(fleet())
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)], check=True)
        return self

    def write_fleet(self, rendered: Mapping[str, Any]) -> None:
        """Replaces the flake's `fleet.json`."""
        (self.flake / "fleet.json").write_text(json.dumps(rendered))

    def server(self, name: str, memory_mb: int = 4096, **changes: Any) -> MachineSpec:
        """Creates a server with a Debian image that accepts the site's key."""
        return self.machine(name, "hetzner", "debian", "x86_64-linux", memory_mb, "root", **changes)

    def mac(self, name: str, **changes: Any) -> MachineSpec:
        """Creates a Mac with the login user `crs58`."""
        return self.machine(name, "host", "darwin", "aarch64-darwin", 8192, "crs58", root_login=False, **changes)

    def nixos(self, name: str, **changes: Any) -> MachineSpec:
        """Creates a server that already runs NixOS, and pins its host key."""
        spec = self.machine(name, "host", "nixos", "x86_64-linux", 4096, "root", **changes)
        self.pin(name, self.host_key(name))
        return spec

    def fault(self, name: str, kind: str, parameter: str | None = None, **ends: Any) -> None:
        """Sets a fault on a machine; it is in force on return."""
        self.faults.set(name, kind, parameter, **ends)
        self.datacenter.reconcile()

    def heal(self, name: str | None = None) -> None:
        """Ends faults and repairs their effects."""
        self.faults.heal(name)
        self.datacenter.heal(name)

    def system(self, name: str, path: str = "/run/current-system", user: str = "root") -> str:
        """Returns the system that a machine runs, or the target of another link."""
        return self.ssh(name, f"readlink -f {path}", user=user).stdout.strip()

    def boot_default(self, name: str) -> str:
        """Returns the system that a server boots next."""
        return (self.root(name) / "boot/default-system").read_text().strip()

    def edit(self, name: str) -> None:
        """Changes a machine's configuration, so that its next update activates another system."""
        file = self.flake / "modules" / f"{name}.nix"
        file.write_text(file.read_text() + f"# {time.time_ns()}\n")

    def machine(self, name: str, *kind: Any, **changes: Any) -> MachineSpec:
        """Creates a machine of any kind on a new address."""
        provider, image_os, system, memory_mb, user = kind
        pick = self._octets.randrange
        known = {
            "id": f"id-{name}",
            "name": name,
            "provider": provider,
            "image_os": image_os,
            "system": system,
            "memory_mb": memory_mb,
            "address": f"127.{pick(64, 128)}.{pick(256)}.{pick(1, 255)}",
            "authorized_keys": {user: (self.key.with_suffix(".pub").read_text().strip(),)},
            "root_login": True,
            "hostname": name,
        }
        spec = MachineSpec(**known | changes)
        self.datacenter.create(spec)
        self.specs[name] = spec
        return spec

    def record(self, name: str) -> dict[str, Any]:
        """Returns a machine's `machine.json`."""
        return self.datacenter.machines()[self.specs[name].id]

    def root(self, name: str) -> Path:
        """Returns the folder of a machine's disk on this computer."""
        return self.cloud / "machines" / self.specs[name].id / "root"

    def ssh(
        self,
        name: str,
        command: str,
        *options: str,
        user: str = "root",
        port: int = SSH_PORT,
        stdin: str = "",
        strict: bool = False,
    ) -> Done:
        """Runs a command on a machine with the OpenSSH client; `strict` checks the host key against the known hosts."""
        check = "yes" if strict else "no"
        hosts = self.known_hosts if strict else "/dev/null"
        settings = [
            *("BatchMode=yes", "IdentitiesOnly=yes", "LogLevel=ERROR", "ConnectTimeout=5"),
            *(f"StrictHostKeyChecking={check}", f"UserKnownHostsFile={hosts}", f"HostKeyAlias={name}"),
        ]
        words = [word for setting in settings for word in ("-o", setting)]
        target = f"{user}@{self.specs[name].address}"
        return subprocess.run(
            ["ssh", "-F", "none", *options, "-i", str(self.key), *words, "-p", str(port), target, "--", command],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE_SECONDS,
        )

    def host_key(self, name: str) -> str:
        """Returns the public key of the host key on a machine's disk."""
        key = self.root(name) / "etc/ssh/ssh_host_ed25519_key"
        return subprocess.run(["ssh-keygen", "-y", "-f", str(key)], capture_output=True, text=True, check=True).stdout

    def trust(self, name: str) -> None:
        """Pins the host key in the configuration of a machine's sshd."""
        config = (self.root(name) / "etc/ssh/sshd_config").read_text()
        path = config.splitlines()[0].removeprefix("HostKey /")
        words = ["ssh-keygen", "-y", "-f", str(self.root(name) / path)]
        self.pin(name, subprocess.run(words, capture_output=True, text=True, check=True).stdout)

    def pin(self, name: str, public_key: str) -> None:
        """Makes a key the only known host key of a machine."""
        self.known_hosts.write_text(f"{name} {public_key.strip()}\n")

    def tool(self, *words: str, cwd: Path | None = None, timeout: float = DEADLINE_SECONDS) -> Done:
        """Runs a simulated tool without a terminal."""
        return subprocess.run(
            [str(BIN / words[0]), *words[1:]],
            cwd=cwd or self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            start_new_session=True,
        )

    @contextmanager
    def started(self, *words: str) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
        """Starts a tool; yields its process and log, and kills its process group at the end of the block."""
        log = self.folder / f"{words[0]}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [str(BIN / words[0]), *words[1:]],
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        try:
            yield process, log
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def environment(self) -> dict[str, str]:
        """Returns the environment of a tool as the runner sets it: simulated tools first on PATH, then this Python."""
        path = os.pathsep.join([str(BIN), str(Path(sys.executable).parent), os.environ["PATH"]])
        return os.environ | {"FEDIVERSITY_STACK": "test", "FEDIVERSITY_STATE_DIR": str(self.state), "PATH": path}

    def clan(self, *words: str, timeout: float = DEADLINE_SECONDS) -> Done:
        """Runs `clan … --flake` with this site's flake."""
        return self.tool("clan", *words, "--flake", f"path:{self.flake}", timeout=timeout)

    def target(self, name: str, user: str = "root") -> str:
        """Returns the `--target-host` of an update, as the plan sets it."""
        options = {
            "HostKeyAlias": name,
            "UserKnownHostsFile": self.known_hosts,
            "IdentityFile": self.key,
            "IdentitiesOnly": "yes",
        }
        query = "&".join(f"{key}={value}" for key, value in options.items())
        return f"{user}@{self.specs[name].address}:{SSH_PORT}?{query}"

    def install_words(self, name: str) -> list[str]:
        """Returns the command line of `clan machines install`, as the plan writes it."""
        address = f"root@{self.specs[name].address}:{SSH_PORT}"
        return [
            *("clan", "machines", "install", name, "--flake", f"path:{self.flake}", "--target-host", address),
            *("-i", str(self.key), "--yes", "--update-hardware-config", "nixos-facter"),
        ]

    def install(self, name: str, *words: str, timeout: float = DEADLINE_SECONDS) -> Done:
        """Runs `clan machines install`."""
        return self.tool(*self.install_words(name), *words, timeout=timeout)

    def update(self, name: str, user: str = "root") -> Done:
        """Runs `clan machines update` with the options of the plan."""
        check = ("--host-key-check", "strict", "--target-host", self.target(name, user))
        return self.clan("machines", "update", name, *check)

    def connections(self, name: str) -> list[dict[str, Any]]:
        """Returns the recorded events on a machine's ports."""
        lines = (self.cloud / "machines" / self.specs[name].id / "connections.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Waits until a condition holds, for as long as a slow computer may need."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.02)
