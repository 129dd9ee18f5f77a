"""One fleet's machines, each reached in two ways: by its own simulated SSH server, and by a real one in front of it.

Behind the real server every command goes on to the simulated machine. So nothing of a rollout runs on this computer,
and both ways lead to the same machine: what differs is the connection alone.
"""

import os
import subprocess
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from fediversity.deploy.ssh import pin_host_key
from fediversity.ledger.records import Outcome, StepRecord
from fediversity.ledger.sqlite import Ledger
from fediversity.local.machines.spec import SSH_PORT
from tests.local_machines.sites import Site
from tests.real_ssh.proxy import FaultyProxy
from tests.real_ssh.server import AS_NOBODY, USER, SshServer

PROJECT = Path(__file__).parents[2]
SERVER, MAC = "boreas", "mac"
USERS = {SERVER: "root", MAC: "crs58"}
STACK = "test"

_FORCED = """\
#!/bin/bash
# What a session of the real server runs: it asks whether it may, and has the simulated machine run the line.
exec 3<>/dev/tcp/127.0.0.1/{control}
printf '%s\\0' "$SSH_ORIGINAL_COMMAND" >&3
read -r -u 3 verdict
exec 3>&-
[ "$verdict" = go ] || exit 99
[ "$SSH_ORIGINAL_COMMAND" = 'sudo -n true' ] && [ -e '{folder}/real-sudo' ] && exec {as_nobody}sudo -n true
exec ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \\
    -o LogLevel=ERROR -i '{key}' -p {port} '{user}@{address}' -- "$SSH_ORIGINAL_COMMAND"
"""


@dataclass(frozen=True)
class Ending:
    """How a step ended: its exit status, what it printed, and its record in the ledger."""

    status: int
    output: str
    record: StepRecord

    @property
    def outcome(self) -> Outcome | None:
        """The kind of ending."""
        return self.record.outcome

    @property
    def reason(self) -> str:
        """Why it ended so."""
        return self.record.reason or ""


@dataclass(frozen=True)
class Project:
    """A project's folder whose stack `test` has the machines of a simulated site."""

    site: Site

    @classmethod
    def make(cls, folder: Path) -> "Project":
        """With a NixOS server and a Mac."""
        site = Site(folder).prepare()
        site.state.mkdir()
        (folder / ".fediversity").mkdir()
        (folder / ".fediversity" / STACK).symlink_to(site.state)
        (folder / "fediversity").symlink_to(PROJECT / "fediversity")
        site.nixos(SERVER)
        site.mac(MAC)
        # From its first update on it shows the host key of its vars.
        site.pin(SERVER, site.host_key(SERVER))
        assert site.update(SERVER).returncode == 0
        return cls(site)

    @property
    def known_hosts(self) -> Path:
        """The pinned host keys of the stack."""
        return self.site.state / "known_hosts"

    @property
    def records(self) -> tuple[StepRecord, ...]:
        """What the ledger holds."""
        return Ledger(self.site.state / "ledger.sqlite").records()

    def run(self, verb: str, machine: str, place: "Way", *options: str, identity: Path | None = None) -> Ending:
        """Runs a step by the runner, as the engine would, with little patience, and gives how it ended."""
        before = len(self.records)
        words = [sys.executable, "-m", "fediversity.deploy.main", verb, machine, "--stack", STACK, "--simulated"]
        words += ["--identity", str(identity or self.site.key), "--flake", "nix", "--fleet", "pantheon"]
        words += ["--user", place.user(machine), "--port", str(place.port), *options]
        if machine == MAC:
            words += ["--class", "darwin", "--may-be-offline"]
        if verb == "update":
            words += ["--", *self._clan(machine, place)]
        told = {"FEDIVERSITY_ADDRESS": place.address(machine), "FEDIVERSITY_PATIENCE": "0.02"}
        if machine != MAC and verb != "reach":
            told["FEDIVERSITY_SERVER_ID"] = "4711"  # of a server of a cloud: its host key stays as it is
        environment = {name: text for name, text in os.environ.items() if not name.startswith("FEDIVERSITY_")} | told
        done = subprocess.run(
            words,
            cwd=self.site.folder,
            env=environment | {"PYTHONPATH": str(PROJECT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        new = self.records[before:]
        assert len(new) == 1, done.stderr
        return Ending(done.returncode, done.stdout + done.stderr, new[0])

    def _clan(self, machine: str, place: "Way") -> list[str]:
        options = {
            "HostKeyAlias": machine,
            "UserKnownHostsFile": self.known_hosts / machine,
            "IdentityFile": self.site.key,
            "IdentitiesOnly": "yes",
        }
        query = "&".join(f"{name}={value}" for name, value in options.items())
        target = f"{place.user(machine)}@{place.address(machine)}:{place.port}?{query}"
        check = ("--host-key-check", "strict", "--target-host", target)
        return ["clan", "machines", "update", machine, "--flake", f"path:{self.site.flake}", *check]


class Way(ABC):
    """A way to the machines, and how it fails."""

    def __init__(self, project: Project) -> None:
        self.project = project

    port: int

    @abstractmethod
    def address(self, machine: str) -> str: ...

    @abstractmethod
    def user(self, machine: str) -> str: ...

    @abstractmethod
    def host_key(self, machine: str) -> str:
        """The key that is shown when all is well."""

    @abstractmethod
    def refuse(self, machine: str) -> None: ...

    @abstractmethod
    def fall_silent(self, machine: str) -> None: ...

    @abstractmethod
    def drop_at_byte(self, machine: str, count: int, times: int | None = None) -> None: ...

    @abstractmethod
    def drop_at_step(self, machine: str, step: str, times: int | None = None) -> None: ...

    @abstractmethod
    def show_another_host_key(self, machine: str) -> None: ...

    @abstractmethod
    def be_slow(self, machine: str) -> None: ...

    @abstractmethod
    def ask_for_a_password(self, machine: str) -> None: ...

    @abstractmethod
    def heal(self) -> None: ...

    def pin(self, machine: str) -> None:
        """Pins the host key that is shown when all is well."""
        pin_host_key(self.project.known_hosts, machine, self.host_key(machine))


class Simulated(Way):
    """The machines' own SSH servers, which the embedded cloud lets fail."""

    port = SSH_PORT

    def address(self, machine: str) -> str:
        return self.project.site.specs[machine].address

    def user(self, machine: str) -> str:
        return USERS[machine]

    def host_key(self, machine: str) -> str:
        self.project.site.trust(machine)
        return self.project.site.known_hosts.read_text().partition(" ")[2].strip()

    def refuse(self, machine: str) -> None:
        self.project.site.fault(machine, "refuse")

    def fall_silent(self, machine: str) -> None:
        self.project.site.fault(machine, "asleep" if machine == MAC else "silent")

    def drop_at_byte(self, machine: str, count: int, times: int | None = None) -> None:
        self.project.site.fault(machine, "drop-at-byte", str(count), times=times)

    def drop_at_step(self, machine: str, step: str, times: int | None = None) -> None:
        self.project.site.fault(machine, "drop-at-step", step, times=times)

    def show_another_host_key(self, machine: str) -> None:
        self.project.site.fault(machine, "host-key")

    def be_slow(self, machine: str) -> None:
        self.project.site.fault(machine, "slow", "1")

    def ask_for_a_password(self, machine: str) -> None:
        self.project.site.fault(machine, "sudo-password")

    def heal(self) -> None:
        self.project.site.heal()


class Real(Way):
    """Real OpenSSH servers, one for each machine in turn, behind a proxy that fails as networks do."""

    _AT = {"copy": "nix-daemon", "build": " build --flake-registry", "switch": "switch-to-configuration switch"}  # noqa: RUF012

    def __init__(self, project: Project, folder: Path) -> None:
        super().__init__(project)
        self._folder = folder
        folder.mkdir()
        self._machine = SERVER
        self.server = SshServer(folder, project.site.key, folder / "forced")
        self.proxy = FaultyProxy(self.server.port)
        self.lead_to(SERVER)
        self.server.start()

    def lead_to(self, machine: str) -> None:
        """Has the real server lead to this machine from now on."""
        spec = self.project.site.specs[machine]
        text = _FORCED.format(
            control=self.proxy.control,
            folder=self._folder,
            as_nobody=" ".join([*AS_NOBODY, ""]),
            key=self.project.site.key,
            port=SSH_PORT,
            user=USERS[machine],
            address=spec.address,
        )
        (self._folder / "forced").write_text(text)
        (self._folder / "forced").chmod(0o755)

    @property
    def port(self) -> int:  # type: ignore[override]
        """Of the proxy; where nothing listens at all, of the server that has been stopped."""
        return self.proxy.port if self.server.runs else self.server.port

    def address(self, machine: str) -> str:
        self.lead_to(machine)
        return "127.0.0.1"

    def user(self, machine: str) -> str:  # noqa: ARG002  whoever runs the tests is the only one who can log in
        return USER

    def host_key(self, machine: str) -> str:  # noqa: ARG002
        return self.server.host_key

    def refuse(self, machine: str) -> None:  # noqa: ARG002
        self.server.stop()

    def fall_silent(self, machine: str) -> None:  # noqa: ARG002
        self.proxy.silent = True

    def drop_at_byte(self, machine: str, count: int, times: int | None = None) -> None:  # noqa: ARG002
        self.proxy.times, self.proxy.cut_after = times, count

    def drop_at_step(self, machine: str, step: str, times: int | None = None) -> None:  # noqa: ARG002
        self.proxy.times, self.proxy.cut_at = times, self._AT[step]

    def show_another_host_key(self, machine: str) -> None:  # noqa: ARG002
        self.server.take_host_key("ed25519")
        self.server.restart()

    def be_slow(self, machine: str) -> None:  # noqa: ARG002
        self.proxy.delay = 0.01

    def ask_for_a_password(self, machine: str) -> None:  # noqa: ARG002
        (self._folder / "real-sudo").touch()

    def heal(self) -> None:
        self.proxy.heal()
        (self._folder / "real-sudo").unlink(missing_ok=True)
        if not self.server.runs:
            self.server.start()

    def close(self) -> None:
        """Ends everything of it."""
        self.proxy.close()
        self.server.stop()
