"""A project whose one server and one Mac are scripted SSH servers, with a ledger that knows where they are."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fediversity.ledger.records import Outcome
from fediversity.ledger.sqlite import Ledger
from fediversity.steps.transport.ssh import pin_host_key
from tests.steps.machines import Network, Said, Script, ScriptedMachine

OLD, NEW = "/nix/store/aaaa-nixos-system-oak-1", "/nix/store/bbbb-nixos-system-oak-2"

FLEET = """\
version: 1
name: garden
domain: zt
machines:
  oak:
    machineClass: nixos
    system: x86_64-linux
    provider: {{kind: existing, host: oak.example}}
    ssh: {{port: {oak}}}
  moss:
    machineClass: darwin
    system: aarch64-darwin
    provider: {{kind: darwin, host: moss.example}}
    ssh: {{user: gardener, port: {moss}}}
instances:
  doors: {{module: sshd, roles: {{server: {{tags: [nixos]}}}}}}
"""


def server_answers() -> dict[str, Script]:
    """What a NixOS machine that is well and runs NEW answers."""
    return {
        "true": Said(),
        "readlink -f /run/current-system": Said(f"{NEW}\n"),
        "readlink -f /nix/var/nix/profiles/system": Said(f"{NEW}\n"),
        "cat /etc/fediversity/identity": Said("garden/oak\n"),
        "systemctl is-system-running": Said("running\n"),
    }


def mac_answers() -> dict[str, Script]:
    """What a Mac that is well and runs NEW answers; it has no systemd."""
    answers = server_answers() | {"cat /etc/fediversity/identity": Said("garden/moss\n")}
    del answers["systemctl is-system-running"]
    return answers


@dataclass(frozen=True)
class Garden:
    """The project's folder, and its machines."""

    root: Path
    oak: ScriptedMachine
    moss: ScriptedMachine

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.root / ".fediversity" / "dev" / "ledger.sqlite")

    @classmethod
    def planted(cls, root: Path, network: Network, oak: ScriptedMachine, moss: ScriptedMachine) -> "Garden":
        (root / "stacks" / "dev.yaml").write_text(FLEET.format(oak=oak.port, moss=moss.port))
        state = root / ".fediversity" / "dev"
        state.mkdir(parents=True)
        identity = state / "identity"
        identity.write_bytes(network.client_key.export_private_key())
        identity.chmod(0o600)
        for name, machine in (("oak", oak), ("moss", moss)):
            pin_host_key(state / "known_hosts", name, machine.host_public_key)
        return cls(root, oak, moss)

    def ran(self, step: str, system: str | None, outcome: Outcome | None = "applied", log: str | None = None) -> None:
        """Puts a run of a step of a machine into the ledger."""
        machine, _, kind = step.rpartition("-")
        self.ledger.create()
        record = self.ledger.begin(
            step=step,
            kind=kind,
            machine=machine,
            server_id=None,
            fingerprint="f",
            command="",
            log=log,
            address=(self.oak if machine == "oak" else self.moss).address,
        )
        if outcome is not None:
            self.ledger.end(record, outcome, "it is done", system)

    def command(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Runs the command by itself in the project's folder."""
        return subprocess.run(
            [sys.executable, "-m", "fediversity.cli.main", *arguments],
            cwd=self.root,
            env={name: value for name, value in os.environ.items() if name != "SSH_AUTH_SOCK"},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
