"""Simulates the activation of a system, at boot or by a switch.

Follows the order of NixOS: `/etc`, secrets, users' keys, sshd, then services.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from fediversity.embedded_cloud.machines import mesh, profiles
from fediversity.embedded_cloud.machines.keys import new_host_key
from fediversity.embedded_cloud.tools.system import MANIFEST

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.filesystem import Root
    from fediversity.embedded_cloud.machines.machine import Machine

KEYS_FOLDER = "/etc/ssh/authorized_keys.d"
INITRD = "/boot/initrd"
"""Files that the boot loader installation writes into the initrd: its host key and the keys that may unlock the disk.
"""

UPLOAD = "/var/lib/sops-nix"
"""The folder into which clan uploads a machine's age key and activation secrets. The simulation encrypts nothing, so
the other secrets are uploaded here too, under `vars/`.
"""

SECRETS = "/run/secrets/vars"
_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"
_SSHD_CONFIG = "/etc/ssh/sshd_config"
_STATIC = "/etc/static"


class ActivationError(Exception):
    """Activation failed; the message is what the real script would print."""


def manifest_of(root: Root, system: str) -> dict[str, Any]:
    """Returns the manifest of a system. Raises `ActivationError` if the path does not contain a system."""
    try:
        manifest: dict[str, Any] = json.loads(root.read(f"{system}/{MANIFEST}"))
    except FileNotFoundError:
        raise ActivationError(f"{system} is not a system") from None
    return manifest


def activate_nixos(machine: Machine, system: str) -> None:
    """Makes `system` the running system of a NixOS machine. Raises `ActivationError`."""
    root = machine.root
    manifest = manifest_of(root, system)
    root.link(profiles.CURRENT, system)
    _link_etc(root, system)
    _install_secrets(root)
    write_authorized_keys(machine)
    _configure_sshd(root, manifest)
    machine.reload_host_key()
    _start_zerotier(machine, manifest)
    _keep_or_remove_data(root, manifest)


def activate_darwin(machine: Machine, system: str) -> None:
    """Makes `system` the running system of a Mac. Raises `ActivationError`."""
    root = machine.root
    manifest = manifest_of(root, system)
    root.link(profiles.CURRENT, system)
    _link_etc(root, system)
    _install_secrets(root)
    _join_mesh(machine, manifest)


def _join_mesh(machine: Machine, manifest: dict[str, Any]) -> None:
    """Simulates the flake module `mesh`: does nothing if ZeroTier or the vars are missing."""
    networks = manifest.get("zerotier")  # A Mac that was set up by hand has a system without this key.
    secret = f"{SECRETS}/shared/zerotier-identity-{manifest.get('machine')}/identity-secret"
    service = mesh.ZeroTierService(machine)
    if networks and service.installed and machine.root.exists(secret):
        service.configure(networks, {}, machine.root.text(secret))


def _keep_or_remove_data(root: Root, manifest: dict[str, Any]) -> None:
    """Simulates application data: created at the first run and kept after the application is removed, unless
    `removeData`.
    """
    for application, settings in manifest.get("applications", {}).items():
        data = f"/var/lib/{application}"
        if settings["enable"] and not root.exists(data):
            root.write(f"{data}/database", f"{secrets.token_hex(8)} (simulated)\n", 0o600)
        elif settings["removeData"]:
            root.remove(data)


BOOT_LOADER_STATE = "/boot/grub/state"
"""The file that the real install-grub of nixpkgs writes last."""


def install_boot_loader(root: Root, system: str, authorized: str) -> None:
    """Makes `system` the boot default; an encrypted machine also gets an initrd with its own SSH server.

    Raises `ActivationError` if the initrd's host key was not uploaded.
    """
    manifest = manifest_of(root, system)
    if manifest.get("encrypted"):
        name = manifest["machine"]
        key = f"{UPLOAD}/activation/per-machine/{name}/initrd-ssh/id_ed25519"
        if not root.exists(key):
            raise ActivationError(f"failed to create initrd secrets: {key}: No such file or directory")
        root.write(f"{INITRD}/ssh_host_ed25519_key", root.read(key), 0o600)
        root.write(f"{INITRD}/authorized_keys", authorized, 0o600)
    root.write(profiles.BOOT_DEFAULT, system)
    root.write(BOOT_LOADER_STATE, "grub (simulated)\n")


def host_key_path(root: Root) -> str:
    """Returns the path of the host key in sshd's configuration."""
    for line in root.text(_SSHD_CONFIG).splitlines():
        if line.startswith("HostKey "):
            return line.removeprefix("HostKey ")
    raise ActivationError(f"{_SSHD_CONFIG} names no host key")


def write_installer_files(root: Root, host_key: bytes, authorized: str) -> None:
    """Writes the files of the kexec installer: its identification and the keys taken over from the previous system."""
    root.write("/etc/os-release", 'ID=nixos\nVARIANT_ID=installer\nPRETTY_NAME="NixOS installer (simulated)"\n')
    root.write("/etc/hostname", "nixos-installer\n")
    root.write(_HOST_KEY, host_key, 0o600)
    root.write(_SSHD_CONFIG, f"HostKey {_HOST_KEY}\n")
    root.mkdir("/root", 0o700)
    root.write("/root/.ssh/authorized_keys", authorized, 0o600)


def write_authorized_keys(machine: Machine) -> None:
    """Writes the authorized keys of the running NixOS system's users.

    These are the keys of its configuration and the keys given by its provider. The latter stand for the administrators'
    keys that the flake of a real fleet contains; the throwaway key of a simulated site cannot be in a flake.
    """
    root = machine.root
    system = root.readlink(profiles.CURRENT)
    users: dict[str, list[str]] = {user: list(keys) for user, keys in machine.spec.authorized_keys.items()}
    for user, keys in manifest_of(root, system).get("authorizedKeys", {}).items():
        users.setdefault(user, []).extend(keys)
    root.clear(KEYS_FOLDER)
    for user, keys in users.items():
        root.write(f"{KEYS_FOLDER}/{user}", "".join(f"{key}\n" for key in keys))


def _link_etc(root: Root, system: str) -> None:
    """Links `/etc` into the system as NixOS and nix-darwin do, and removes the links of the previous system."""
    root.link(_STATIC, f"{system}/etc")
    _drop_dangling(root, "/etc")
    for name in root.files(f"{system}/etc"):
        root.link(f"/etc/{name}", f"{_STATIC}/{name}")


def _drop_dangling(root: Root, folder: str) -> None:
    for name in list(root.files(folder)):
        path = f"{folder}/{name}"
        if root.entry(path).is_symlink() and root.readlink(path).startswith(f"{_STATIC}/") and not root.exists(path):
            root.remove(path)


def _install_secrets(root: Root) -> None:
    root.mkdir("/run/secrets", 0o751)
    root.remove(SECRETS)
    for name in root.files(f"{UPLOAD}/vars"):
        root.write(f"{SECRETS}/{name}", root.read(f"{UPLOAD}/vars/{name}"), 0o400)


def _configure_sshd(root: Root, manifest: dict[str, Any]) -> None:
    """Configures the host key: from the vars if the sshd service is used, otherwise generated at the first boot."""
    path = _HOST_KEY
    if manifest["hostKeyVar"]:
        path = f"{SECRETS}/per-machine/{manifest['machine']}/openssh/ssh.id_ed25519"
        if not root.exists(path):
            raise ActivationError(f"sshd: no hostkeys available: {path} is missing")
    elif not root.exists(path):
        root.write(path, new_host_key(), 0o600)
    root.write(_SSHD_CONFIG, f"HostKey {path}\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n")


def _start_zerotier(machine: Machine, manifest: dict[str, Any]) -> None:
    if not manifest["zerotier"]:
        return
    secret = f"{SECRETS}/shared/zerotier-identity-{manifest['machine']}/identity-secret"
    if not machine.root.exists(secret):
        raise ActivationError(f"zerotierone.service: {secret} is missing")
    mesh.ZeroTierService(machine).configure(manifest["zerotier"], manifest["controls"], machine.root.text(secret))
