"""A project whose flake Nix can evaluate without inputs, and a `nix` that counts how often it is started."""

import re
import shlex
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fediversity.fleet.fleet_json import render_text
from fediversity.fleet.load import parse_fleet
from fediversity.ledger.records import Outcome
from fediversity.ledger.sqlite import Ledger
from fediversity.nix_eval.evaluate import Nix, System
from fediversity.planning.changes import Change, changes
from fediversity.planning.stack_plan import StackPlan, plan_stack
from fediversity.project.project import Project
from tests.fleet.good import edited

SERVERS = {"oak", "elm", "ash"}
MACS = {"moss", "fern"}
MACHINES = SERVERS | MACS

FLEET = edited("port: 2222", "port: 22")
SETTINGS = "config: {fediversity:fleet: stacks/dev.yaml}\n"
LOCK = '{"nodes":{"root":{}},"root":"root","version":7}'

_FLAKE = """
{
  outputs =
    _:
    let
      fleet = builtins.fromJSON (builtins.readFile ./fleet.json);
      make = name: attrs: derivation ({ inherit name; system = "x86_64-linux"; builder = "/bin/sh"; } // attrs);
      machine = name: import ./machine.nix { inherit name make; } (import (./machines + "/${name}.nix"));
      of = cls: builtins.listToAttrs (
        map (name: { inherit name; value.config.system.build = machine name; }) (
          builtins.filter (name: fleet.machines.${name}.machineClass == cls) (builtins.attrNames fleet.machines)
        )
      );
    in
    { nixosConfigurations = of "nixos"; darwinConfigurations = of "darwin"; };
}
"""

_MACHINE = """
{ name, make }:
{ package ? "htop-3.2", settings ? "", application ? null }:
let
  script = [ "-c" "echo $all > $out" ];
  all = [
    (make package { args = script; all = "a program"; })
    (make "settings.conf" { args = script; all = settings; })
  ];
  below = make "nixos-system-${name}-26.05" { args = script; inherit all; };
  above = make "nixos-system-${name}-26.05" { args = script; all = [ below application ]; };
in
{ toplevel = if application == null then below else above; }
// (if application == null then { } else { withoutDeployments = below; })
"""

_CONFIG = """
substitute = false
build-users-group =
build-hook =
sandbox-paths = /bin /lib /lib64 /usr
"""


@dataclass
class Garden:
    """A project in a folder of a test, which is the current one. Its stack dev has real machines."""

    project: Path
    calls: Path
    said: list[str] = field(default_factory=list)

    @property
    def flake(self) -> Path:
        """The flake's folder."""
        return self.project / "nix"

    @property
    def ledger(self) -> Ledger:
        """The ledger of the stack dev."""
        return Ledger(self.project / ".fediversity" / "dev" / "ledger.sqlite")

    def write(self, fleet: str = FLEET) -> None:
        """Writes every file of the project."""
        for folder in ("stacks", "nix/machines"):
            (self.project / folder).mkdir(parents=True)
        (self.project / "Pulumi.yaml").write_text("name: fediversity\nruntime: python\n")
        (self.project / "Pulumi.dev.yaml").write_text(SETTINGS)
        (self.flake / "flake.nix").write_text(_FLAKE)
        (self.flake / "flake.lock").write_text(LOCK)
        (self.flake / "machine.nix").write_text(_MACHINE)
        for name in MACHINES:
            self.edit(name, "{ }")
        self.write_fleet(fleet)

    def write_fleet(self, text: str) -> None:
        """Writes the fleet file, and hands it to Nix."""
        (self.project / "stacks" / "dev.yaml").write_text(text)
        (self.flake / "fleet.json").write_text(render_text(parse_fleet(text, "dev.yaml")))

    def edit(self, machine: str, text: str) -> None:
        """Writes a machine's module: what it says of `package`, `settings` and `application`."""
        (self.flake / "machines" / f"{machine}.nix").write_text(text)

    def planned(self, coming: Collection[str] = ()) -> StackPlan:
        """The plan of the stack as it is now; `coming` are the machines that get another server."""
        return plan_stack(Project.open(self.project, "dev"), self.said.append, coming)

    def fingerprints(self) -> Mapping[str, str]:
        """The fingerprint of each machine as it is now."""
        return self.planned().systems.fingerprints

    def changes(self, coming: Collection[str] = ()) -> dict[str, Change]:
        """What a rollout would change on each machine now."""
        return {change.machine: change for change in changes(self.planned(coming))}

    def system(self, machine: str) -> System:
        """What Nix would build for a machine now."""
        return self.planned().systems.evaluated[machine]

    def starts(self) -> int:
        """How often Nix has been started since this was asked for last."""
        started = len(self.calls.read_text().splitlines()) if self.calls.exists() else 0
        self.calls.unlink(missing_ok=True)
        return started

    def roll_out(self, machine: str, system: str | None, outcome: Outcome = "applied", step: str = "") -> None:
        """Writes down that a machine's update, or another step, has run as it is planned now."""
        name = step or f"{machine}-update"
        planned = self.planned().plan.by_name.get(name)
        self.ledger.create()
        record = self.ledger.begin(
            step=name,
            kind=name.rpartition("-")[2],
            machine=machine,
            server_id=None,
            fingerprint=planned.fingerprint if planned else None,
            command="",
            log=None,
        )
        self.ledger.end(record, outcome, "", system)

    def roll_everything_out(self) -> None:
        """Writes down that every machine's update has run, and that each runs what Nix would build now."""
        for name, system in self.planned().systems.evaluated.items():
            self.roll_out(name, system.output)


def counting(program: str, folder: Path, calls: Path, before: str = "") -> None:
    """Puts a `nix` into a folder that writes down that it was started, does what `before` says, and is the real one."""
    folder.mkdir(exist_ok=True)
    script = folder / "nix"
    script.write_text(
        f'#!/bin/sh\necho started >>{shlex.quote(str(calls))}\n{before}\nexec {shlex.quote(program)} "$@"\n'
    )
    script.chmod(0o755)


def nix_version(program: str) -> tuple[int, int]:
    """The version of a `nix`, (0, 0) if it does not say one."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def environment(folder: Path) -> dict[str, str]:
    """What makes Nix use a store and caches of its own, and no network."""
    return {
        "NIX_REMOTE": str(folder / "store"),
        "NIX_CONFIG": _CONFIG,
        "XDG_CACHE_HOME": str(folder / "cache"),
        "HOME": str(folder / "home"),
    }


def run_nix(nix: Nix, *words: str) -> str:
    """What a command of Nix prints; it has to succeed."""
    command = nix.command(*words)
    done = subprocess.run(command, env=dict(nix.environment), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
