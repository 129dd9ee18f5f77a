"""A project whose stack has the machines of a simulated site, and its runner started as the engine would."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fediversity.ledger.records import Outcome, StepRecord
from fediversity.ledger.sqlite import Ledger
from tests.simulated_machines.sites import Site

PROJECT = Path(__file__).parents[2]
SERVER, MAC = "boreas", "mac"
USERS = {SERVER: "root", MAC: "crs58"}
STACK = "test"


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


class Place(Protocol):
    """Where the machines of a project are reached."""

    @property
    def port(self) -> int: ...

    def address(self, machine: str) -> str: ...

    def user(self, machine: str) -> str: ...


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

    def run(self, verb: str, machine: str, place: Place, *options: str, identity: Path | None = None) -> Ending:
        """Runs a step by the runner, as the engine would, with little patience, and gives how it ended."""
        before = len(self.records)
        words = [sys.executable, "-m", "fediversity.steps.main", verb, machine, "--stack", STACK, "--simulated"]
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

    def _clan(self, machine: str, place: Place) -> list[str]:
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
