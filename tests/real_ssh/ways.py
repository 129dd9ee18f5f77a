"""One fleet's machines, each reached in two ways: by its own simulated SSH server, and by a real one in front of it.

Behind the real server every command goes on to the simulated machine. So nothing of a rollout runs on this computer,
and both ways lead to the same machine: what differs is the connection alone.
"""

from abc import ABC, abstractmethod
from pathlib import Path

from fediversity.embedded_cloud.machines.spec import SSH_PORT
from fediversity.steps.transport.ssh import pin_host_key
from tests.real_ssh.project import MAC, SERVER, USERS, Project
from tests.real_ssh.proxy import FaultyProxy
from tests.real_ssh.server import AS_NOBODY, USER, SshServer

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
