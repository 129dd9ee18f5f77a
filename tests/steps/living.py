"""A NixOS machine or a Mac whose state changes: it runs the system that it was told to switch to."""

import shlex
import time
from dataclasses import dataclass, field

from tests.steps.machines import (
    BUSY_UNITS,
    FAILED_UNITS,
    IDENTITY,
    NEW_SYSTEM,
    SYSTEM,
    Asked,
    Network,
    Said,
    Script,
    ScriptedMachine,
)

NETWORK_ID = "8056c2e21c000001"
STOP_GUARD = "systemctl stop fediversity-guard.service"
ARM_GUARD = "systemd-run --unit=fediversity-guard --collect"
SET_PROFILE = f"nix-env -p /nix/var/nix/profiles/system --set {SYSTEM}"


@dataclass
class Living:
    """The state of a machine. `broken` has the units that fail under a system; `deaf` systems cut the network."""

    system: str = SYSTEM
    profile: str = SYSTEM
    identity: str | None = IDENTITY
    boot: str = "boot-1"
    free: int = 20 * 1024**3
    skew: int = 0
    busy: list[str] = field(default_factory=list)
    broken: dict[str, list[str]] = field(default_factory=dict)
    deaf: set[str] = field(default_factory=set)
    status: str = "OK"
    deployments: dict[str, str] = field(default_factory=dict)
    guard: tuple[str, str, float] | None = None
    switch_fails: bool = False

    def machine(self, network: Network, *, mac: bool = False, more: dict[str, Script] | None = None) -> ScriptedMachine:
        """Returns the machine on the network. `more` has answers that add to its own or replace them."""
        own = self._darwin() if mac else self._nixos()
        answers = {line: self._unless_deaf(script) for line, script in (own | (more or {})).items()}
        return network.machine(answers)

    def switched(self, system: str = NEW_SYSTEM) -> None:
        """Makes the machine one that a tool has switched."""
        self.system = self.profile = system

    def _unless_deaf(self, script: Script) -> Script:
        def answer(asked: Asked) -> Said | None:
            if self.system in self.deaf:
                return None
            return script(asked) if callable(script) else script

        return answer

    def _everywhere(self) -> dict[str, Script]:
        def identity(_: Asked) -> Said:
            return Said(f"{self.identity}\n") if self.identity else Said(status=1)

        return {
            "true": Said(),
            "readlink -f /run/current-system": lambda _: Said(f"{self.system}\n"),
            "readlink -f /nix/var/nix/profiles/system": lambda _: Said(f"{self.profile}\n"),
            "cat /etc/fediversity/identity": identity,
            "test -e /etc/fediversity/identity": lambda _: Said(status=0 if self.identity else 1),
            "date +%s": lambda _: Said(f"{time.time() + self.skew:.0f}\n"),
        }

    def _nixos(self) -> dict[str, Script]:
        def failed() -> list[str]:
            return self.broken.get(self.system, [])

        def busy() -> list[str]:
            return [*self.busy, *(["fediversity-guard.service"] if self.guard else [])]

        def lines(units: list[str], state: str) -> Said:
            return Said("".join(f"{unit} loaded {state} {state} A unit\n" for unit in units))

        return {
            **self._everywhere(),
            "hostname": Said("cinnabar\n"),
            "cat /proc/sys/kernel/random/boot_id": lambda _: Said(f"{self.boot}\n"),
            "df --output=avail -B1 /nix/store": lambda _: Said(f"     Avail\n{self.free}\n"),
            "systemctl is-system-running": lambda _: Said("degraded\n", status=1) if failed() else Said("running\n"),
            FAILED_UNITS: lambda _: lines(failed(), "failed"),
            BUSY_UNITS: lambda _: lines(busy(), "active"),
            "ls /etc/fediversity/deployments": lambda _: Said("".join(f"{name}\n" for name in self.deployments)),
            "zerotier-cli listnetworks": lambda _: Said(self._networks()),
            STOP_GUARD: self._stop_guard,
            f"{ARM_GUARD} …": self._arm_guard,
            "nix-env -p /nix/var/nix/profiles/system --set …": self._set_profile,
            "systemd-run --pipe --wait --quiet --collect --no-ask-password --service-type=exec --unit=…": self._switch,
        }

    def _darwin(self) -> dict[str, Script]:
        return {
            **self._everywhere(),
            "df -k /nix": lambda _: Said(
                f"Filesystem 1024-blocks Used Available Capacity iused ifree %iused Mounted on\n"
                f"/dev/disk3s7 482797652 1000 {self.free // 1024} 3% 1 1 0% /nix\n"
            ),
            "test -e /run/current-system/sw/bin/darwin-rebuild": Said(),
            "sudo -n true": Said(),
            "sudo -n zerotier-cli listnetworks": lambda _: Said(self._networks()),
            "sudo -n nix-env -p /nix/var/nix/profiles/system --set …": self._set_profile,
            f"sudo -n {SYSTEM}/activate": self._activate,
        }

    def _networks(self) -> str:
        return f"200 listnetworks {NETWORK_ID} mesh 5e:ed:00:00:00:01 {self.status} PRIVATE ztmjfp 10.0.0.2/24\n"

    def _stop_guard(self, _: Asked) -> Said:
        there, self.guard = self.guard, None
        return Said() if there else Said(status=5)

    def _arm_guard(self, asked: Asked) -> Said:
        if self.guard:
            return Said(stderr="Unit fediversity-guard.service was already loaded", status=1)
        *_, old, profile, seconds = shlex.split(asked.command)
        self.guard = (old, profile, float(seconds))
        return Said()

    def _set_profile(self, asked: Asked) -> Said:
        self.profile = asked.command.split()[-1]
        return Said()

    def _switch(self, asked: Asked) -> Said:
        if self.switch_fails:
            return Said(stderr="switching failed", status=4)
        self.system = asked.command.split()[-2].removesuffix("/bin/switch-to-configuration")
        return Said()

    def _activate(self, asked: Asked) -> Said:
        if self.switch_fails:
            return Said(stderr="activation failed", status=1)
        self.system = asked.command.split()[-1].removesuffix("/activate")
        return Said()
