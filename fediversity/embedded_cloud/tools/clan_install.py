"""Simulates `clan machines install`: one nixos-anywhere run per phase, as in the real clan.

It ignores known hosts and waits without limit for unreachable machines, because nixos-anywhere does both.
"""

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fediversity.embedded_cloud.tools.errors import ToolError
from fediversity.embedded_cloud.tools.flake import Flake
from fediversity.embedded_cloud.tools.log import print_lines
from fediversity.embedded_cloud.tools.nix_copy import copy
from fediversity.embedded_cloud.tools.remote import Remote, RemoteResult
from fediversity.embedded_cloud.tools.secrets import archive, install_archive, partitioning_secrets
from fediversity.embedded_cloud.tools.store import realise_source, store_path, write_path
from fediversity.embedded_cloud.tools.system import PROGRAM, build
from fediversity.embedded_cloud.tools.vars import Store
from fediversity.embedded_cloud.tools.workspace import Workspace

PHASES = ("kexec", "disko", "install", "reboot")
WARNING = (
    "WARNING: This will PERMANENTLY ERASE ALL DATA on the target host. "
    "All disks will be wiped, repartitioned, and reformatted. "
    "If you want to update an existing installation, use 'clan machines update' instead."
)
_RETRY_SECONDS = 3.0
"""nixos-anywhere's own interval between attempts to reach a machine at the beginning of a phase."""
_KEXEC_POLL_SECONDS = 0.2
"""Interval between attempts after kexec; nixos-anywhere uses five seconds, and real machines take that much longer."""
_INSECURE = {"UserKnownHostsFile": "/dev/null", "StrictHostKeyChecking": "no", "LogLevel": "ERROR"}
_HARDWARE = {
    "nixos-facter": ("facter.json", ("nixos-facter",)),
    "nixos-generate-config": (
        "hardware-configuration.nix",
        ("nixos-generate-config", "--show-hardware-config", "--no-filesystems"),
    ),
}


@dataclass(frozen=True)
class Install:
    """The installation of one machine. Raises `ToolError` if a phase fails."""

    flake: Flake
    workspace: Workspace
    machine: str
    target: Remote
    identity: str | None = None
    hardware: str = "none"

    def run_phase(self, phase: str) -> None:
        """Runs nixos-anywhere for one phase."""
        if phase not in PHASES:
            raise ToolError(f"aborted: Unknown phase: {phase}")
        facts = self._wait_for_ssh("root" if phase != "kexec" else self.target.user)
        if phase == "kexec":
            facts = self._kexec(facts)
        if "VARIANT_ID=installer" not in facts:
            raise ToolError(f"{self.machine} does not run the installer: the phase {phase} needs kexec before it")
        if self.hardware != "none" and phase == "kexec":
            self._report_hardware()
        {"kexec": lambda: None, "disko": self._disko, "install": self._install, "reboot": self._reboot}[phase]()
        self._step("Done!")

    def _step(self, text: str) -> None:
        print_lines(f"### {text} ###", self.machine)

    def _wait_for_ssh(self, user: str) -> str:
        """Waits without limit until SSH login succeeds, and returns the machine's facts."""
        self._step("Uploading install SSH keys")
        while True:
            result = self._ssh("uname -s && uname -m && cat /etc/os-release && id -u", user=user)
            if result.status == 0:
                return result.stdout
            time.sleep(_RETRY_SECONDS)

    def _kexec(self, facts: str) -> str:
        if "VARIANT_ID=installer" in facts:
            return facts
        if not facts.startswith("Linux"):
            raise ToolError("aborted: This script requires Linux as the operating system")
        sudo = "" if facts.rstrip().endswith("\n0") else "sudo "
        user = self.target.user
        self._step("Switching system into kexec")
        program = archive({"kexec/run": f"{PROGRAM}kexec-run\n".encode()}, compress=True, mode=0o500)
        self._run_checked(f"{sudo}mkdir -p /root/kexec && {sudo}tar -C /root/kexec -xzf -", user=user, stdin=program)
        run = f"{sudo}setsid --wait /root/kexec/kexec/run --kexec-extra-flags ''"
        if "machine will boot into nixos" not in self._ssh(run, user=user).stdout:
            raise ToolError("Kexec failed")
        while (back := self._ssh("cat /etc/os-release")).status != 0:
            time.sleep(_KEXEC_POLL_SECONDS)
        return back.stdout

    def _report_hardware(self) -> None:
        name, command = _HARDWARE[self.hardware]
        self._step(f"Generating {name} using {self.hardware}")
        path = self.workspace.overlay / "machines" / self.machine / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(self._run_checked(" ".join(command)))

    def _disko(self) -> None:
        secrets = partitioning_secrets(self.flake, Store(self.workspace.overlay), self.machine)
        for path, content in secrets.items():
            self._step(f"Uploading the disk encryption key to {path}")
            self._run_checked(f"install -D -m 0600 /dev/stdin {path}", stdin=content)
        script = self._disko_script(secrets)
        self._copy(script, "")
        self._step("Formatting hard drive with disko")
        self._run_checked(f"{script}/bin/disko")

    def _disko_script(self, secrets: Mapping[str, bytes]) -> str:
        text = f"{PROGRAM}disko\n{json.dumps({'passwordFile': next(iter(secrets), None)})}\n"
        path = store_path(self.flake.fingerprint(self.machine), "disko")
        write_path(self.workspace.store, path, [("bin/disko", text, True)])
        return path

    def _install(self) -> None:
        source = realise_source(self.flake.folder, self.workspace.overlay, self.workspace.store)
        built = Flake.load(self.workspace.store / Path(source).name)
        system = build(built, self.machine, self.workspace.store)
        self._step("Uploading the system closure")
        self._copy(system, "?remote-store=local?root=/mnt")
        self._step("Copying extra files")
        extra = install_archive(self.flake, Store(self.workspace.overlay), self.machine)
        self._run_checked("tar -C /mnt -xf- --no-same-owner", stdin=extra)
        self._run_checked("chmod 755 /mnt")
        self._step("Installing NixOS")
        self._run_checked(f"nixos-install --no-root-passwd --no-channel-copy --system {system}")

    def _reboot(self) -> None:
        """Reboots and returns once the connection breaks; the machine is still down then."""
        self._step("Rebooting")
        self._step("Waiting for the machine to become unreachable due to reboot")
        self._ssh("reboot")

    def _copy(self, path: str, query: str) -> None:
        port = f":{self.target.port}" if self.target.port else ""
        url = f"ssh-ng://root@{self.target.address}{port}{query}"
        copy([path], url, self._options(), self.workspace.store)

    def _options(self) -> list[str]:
        pairs = _INSECURE | {"ConnectTimeout": "10"} | dict(self.target.options)
        identity = ["-o", "IdentitiesOnly=yes", "-i", self.identity] if self.identity else []
        return [*identity, *(word for name, value in pairs.items() for word in ("-o", f"{name}={value}"))]

    def _ssh(self, command: str, user: str = "root", stdin: bytes = b"") -> RemoteResult:
        port = ["-p", str(self.target.port)] if self.target.port else []
        words = ["ssh", *self._options(), *port, f"{user}@{self.target.address}", "--", command]
        done = subprocess.run(words, input=stdin, capture_output=True, check=False)
        result = RemoteResult(done.returncode, done.stdout.decode(), done.stderr.decode())
        print_lines(result.stderr, self.machine)
        return result

    def _run_checked(self, command: str, user: str = "root", stdin: bytes = b"") -> str:
        result = self._ssh(command, user, stdin)
        if result.status != 0:
            raise ToolError(f"`{command}` failed on {self.machine} with {result.status}")
        return result.stdout


def record_install(store: Store, machine: str) -> None:
    """Writes `machines.<name>.installedAt` into the flake's inventory, which the real clan then commits."""
    with store.locked():
        path = store.overlay / "inventory.json"
        inventory = json.loads(path.read_text()) if path.exists() else {}
        inventory.setdefault("machines", {}).setdefault(machine, {})["installedAt"] = int(time.time())
        path.write_text(json.dumps(inventory, indent=2, sort_keys=True) + "\n")
