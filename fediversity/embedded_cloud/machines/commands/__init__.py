"""The commands of simulated machines. A command that is not in these tables is not found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fediversity.embedded_cloud.machines.call import Command
from fediversity.embedded_cloud.machines.commands import (
    boot,
    darwin,
    facts,
    files,
    installer,
    nix,
    nixos,
    ping,
    shells,
    systemctl,
    systemd_run,
    zerotier,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fediversity.embedded_cloud.machines.machine import Machine

__all__ = ["FOLDERS", "PROGRAMS", "Command", "table"]

FOLDERS = ("/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin", "/run/current-system/sw/bin")
"""Folders in which commands are found by their full path."""

_EVERYWHERE: dict[str, Command] = files.COMMANDS | facts.COMMANDS | shells.COMMANDS | boot.COMMANDS
_NIX = _EVERYWHERE | nix.COMMANDS
_SYSTEMD = boot.LINUX | systemctl.COMMANDS | systemd_run.COMMANDS
_TABLES: Mapping[str, dict[str, Command]] = {
    "debian": _EVERYWHERE | shells.SUDO | _SYSTEMD,
    "installer": _NIX | _SYSTEMD | installer.COMMANDS,
    "nixos": _NIX | shells.SUDO | _SYSTEMD | nixos.COMMANDS | zerotier.COMMANDS | zerotier.CONTROLLER | ping.LINUX,
    "initrd": boot.INITRD | {name: files.COMMANDS[name] for name in ("true", "cat")},
}
_MAC = _EVERYWHERE | shells.SUDO | zerotier.COMMANDS | ping.DARWIN | darwin.COMMANDS

PROGRAMS: dict[str, Command] = nixos.PROGRAMS | darwin.PROGRAMS | installer.PROGRAMS
"""Programs in a machine's files, by the name in their first line."""


def table(machine: Machine) -> dict[str, Command]:
    """Returns the commands on a machine's PATH in its current phase."""
    if machine.is_darwin:
        return _MAC | nix.COMMANDS if machine.spec.bootstrapped else _MAC
    return _TABLES[machine.phase]
