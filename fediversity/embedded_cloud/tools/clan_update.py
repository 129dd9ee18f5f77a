"""Simulates `clan machines update`: the remote steps of the real one, in its order, over OpenSSH."""

import os
import uuid
from dataclasses import dataclass

from fediversity.embedded_cloud.tools.errors import ToolError
from fediversity.embedded_cloud.tools.flake import Flake
from fediversity.embedded_cloud.tools.log import print_lines
from fediversity.embedded_cloud.tools.nix_copy import copy
from fediversity.embedded_cloud.tools.remote import Remote
from fediversity.embedded_cloud.tools.secrets import UPLOAD, upload_archive
from fediversity.embedded_cloud.tools.store import realise_source
from fediversity.embedded_cloud.tools.vars import Store
from fediversity.embedded_cloud.tools.workspace import Workspace

_UNPACK = 'install -d -m "$1" "$0" && find "$0" -mindepth 1 -delete && tar -C "$0" -xzf -'
_NIX = ("nix", "--extra-experimental-features", "nix-command flakes", "--option", "warn-dirty", "false")
_BUILD = ("build", "--flake-registry", "", "--print-out-paths", "--print-build-logs", "--no-link")
_OPTIONS = ("--show-trace", "--option", "keep-going", "true", "--option", "accept-flake-config", "true", "-L")
_DARWIN_STORE = "?remote-program=bash -lc 'exec nix-daemon --stdio'"
_SYSTEM_PROFILE = "/nix/var/nix/profiles/system"


@dataclass(frozen=True)
class Update:
    """The update of one machine. Raises `ToolError` if a step fails."""

    flake: Flake
    workspace: Workspace
    machine: str
    specialisation: str | None = None

    def run(self, target: Remote) -> None:
        """Runs all steps over one SSH connection."""
        with target.connected() as remote:
            upload_secrets(self.flake, Store(self.workspace.overlay), self.machine, remote)
            source = self._copy_source(remote)
            if self.flake.is_darwin(self.machine):
                switch = ["/run/current-system/sw/bin/darwin-rebuild", "switch", *_OPTIONS]
                remote.check([*switch, "--flake", f"{source}#{self.machine}"], as_root=True)
            else:
                self._activate(remote, self._build(remote, source))

    def _copy_source(self, remote: Remote) -> str:
        """Copies the flake's source to the machine, which builds its own system."""
        source = realise_source(self.flake.folder, self.workspace.overlay, self.workspace.store)
        port = f":{remote.port}" if remote.port else ""
        program = _DARWIN_STORE if self.flake.is_darwin(self.machine) else ""
        url = f"ssh-ng://{remote.target}{port}{program}"
        print_lines(f"$ nix copy --to {url} --no-check-sigs {source}", self.machine)
        copy([source], url, remote.ssh_options(), self.workspace.store)
        return source

    def _build(self, remote: Remote, source: str) -> str:
        attribute = f'{source}#nixosConfigurations."{self.machine}".config.system.build.toplevel'
        result = remote.run([*_NIX, *_BUILD, attribute, *_OPTIONS], as_root=True)
        if result.status != 0:
            raise ToolError(f"nix build failed for '{self.machine}' (exit code {result.status}).")
        for line in reversed(result.stdout.splitlines()):
            if line.strip().startswith("/nix/store/"):
                return line.strip()
        raise ToolError(f"Could not find /nix/store path in nix build output.\nstdout: {result.stdout!r}")

    def _activate(self, remote: Remote, system: str) -> None:
        if remote.run(["test", "-e", f"{system}/nixos-version"], as_root=True).status != 0:
            raise ToolError(
                f"The build output at {system} does not look like a valid NixOS system configuration "
                "(missing nixos-version). Refusing to activate."
            )
        remote.check(["nix-env", "-p", _SYSTEM_PROFILE, "--set", system], as_root=True)
        boot = remote.run(self._switch(system, "boot"), as_root=True)
        if boot.status != 0:
            raise ToolError(
                f"switch-to-configuration boot failed on '{self.machine}' (exit code {boot.status}). "
                "See above for details."
            )
        switched = remote.run(self._switch(system, "switch"), as_root=True)
        if switched.status == 0:
            return
        print_lines(f"activation returned {switched.status} — retrying", self.machine)
        again = remote.run(self._switch(system, "switch"), as_root=True)
        if again.status != 0 and not _is_running(remote, system):
            raise ToolError(
                f"switch-to-configuration failed on '{self.machine}' (exit code {again.status}). See above for details."
            )

    def _switch(self, system: str, action: str) -> list[str]:
        if self.specialisation:
            system = f"{system}/specialisation/{self.specialisation}"
        unit = f"clan-{action}-{self.machine}-{uuid.uuid4().hex[:8]}"
        check = os.environ.get("NIXOS_NO_CHECK")
        return [
            *("systemd-run", "--pipe", "--wait", "--quiet", "--collect", "--no-ask-password", "--service-type=exec"),
            *(f"--unit={unit}", "-E", "LOCALE_ARCHIVE", "-E", "NIXOS_INSTALL_BOOTLOADER=0"),
            *(("-E", f"NIXOS_NO_CHECK={check}") if check else ()),
            *("--", f"{system}/bin/switch-to-configuration", action),
        ]


def _is_running(remote: Remote, system: str) -> bool:
    """Returns whether the target runs the system after all, for example because only the connection broke."""
    result = remote.run(["readlink", "/run/current-system"])
    return result.status == 0 and result.stdout.strip() == system


def upload_secrets(flake: Flake, store: Store, machine: str, remote: Remote) -> None:
    """Uploads the machine's secrets into its upload folder, through standard input only."""
    archive = upload_archive(flake, store, machine)
    remote.check(["bash", "-c", _UNPACK, UPLOAD, "700"], stdin=archive, as_root=True)
