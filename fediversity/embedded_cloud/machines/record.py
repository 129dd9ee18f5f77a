"""Stores the state of a simulated machine outside its file system: `machine.json`, one per machine."""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from fediversity.embedded_cloud.machines.spec import DatacenterError, MachineSpec
from fediversity.support.files import PRIVATE, write_atomically

Phase = Literal["debian", "nixos", "darwin", "installer", "initrd", "rebooting", "crashed", "off"]
"""What runs: an operating system, the kexec installer, the initrd that waits for a passphrase, or nothing. A crashed
machine keeps its address and answers nothing; a machine that is off is not reachable at all.
"""

Disk = Literal["debian", "nixos", "darwin", "blank"]
"""What would boot from the disk."""


@dataclass
class Record:
    """The state of one machine. `installs` counts completed installs; `install_log` lists each one that began.

    `proven` are the systems that ran without faults, `spoilt` the faults of others while they run, by kind
    (`switch_faults`); `failed` and `timers` are units of the running system (`units`).
    """

    spec: MachineSpec
    phase: Phase
    disk: Disk
    boot_id: str = ""
    luks: dict[str, str] | None = None
    installs: int = 0
    install_log: list[dict[str, Any]] = field(default_factory=list)
    proven: list[str] = field(default_factory=list)
    spoilt: dict[str, dict[str, str]] = field(default_factory=dict)
    failed: dict[str, dict[str, str]] = field(default_factory=dict)
    timers: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def new(cls, spec: MachineSpec) -> "Record":
        """Returns the record of a new machine that has never booted."""
        return cls(spec, spec.image_os, spec.image_os)

    @classmethod
    def load(cls, path: Path) -> "Record":
        """Reads `machine.json`. Raises `DatacenterError` if it was not written by this program."""
        try:
            data = json.loads(path.read_text())
            return cls(**data | {"spec": MachineSpec.from_json(data["spec"])})
        except (ValueError, KeyError, TypeError) as error:
            raise DatacenterError(f"{path} does not describe a simulated machine: {error!r}") from None

    def save(self, path: Path) -> None:
        """Writes `machine.json` atomically, readable for its owner only."""
        text = json.dumps(self.__dict__ | {"spec": self.spec.to_json()}, indent=1)
        write_atomically(path, text + "\n", mode=PRIVATE)

    def encrypt(self, passphrase: bytes) -> None:
        """Formats the disk with LUKS: from now on each boot needs the passphrase."""
        salt = secrets.token_hex(16)
        self.luks = {"salt": salt, "digest": _luks_digest(salt, passphrase)}

    def opens(self, passphrase: bytes) -> bool:
        """Returns whether the passphrase unlocks the disk."""
        if self.luks is None:
            return False
        return hmac.compare_digest(self.luks["digest"], _luks_digest(self.luks["salt"], passphrase))


def _luks_digest(salt: str, passphrase: bytes) -> str:
    return hashlib.pbkdf2_hmac("sha256", passphrase, salt.encode(), 1000).hex()
