"""Writes the disk of a new machine, as its provider delivers it."""

import hashlib

from fediversity.embedded_cloud.machines import mesh, profiles
from fediversity.embedded_cloud.machines.filesystem import Root
from fediversity.embedded_cloud.machines.keys import new_host_key
from fediversity.embedded_cloud.machines.spec import MachineSpec
from fediversity.embedded_cloud.tools.store import store_path
from fediversity.embedded_cloud.tools.system import MANIFEST, PROGRAM

_DEBIAN_RELEASE = """\
PRETTY_NAME="Debian GNU/Linux 12 (bookworm, simulated)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
ID=debian
"""

_NIXOS_RELEASE = """\
ID=nixos
NAME=NixOS
PRETTY_NAME="NixOS 25.11 (simulated)"
VERSION_ID="25.11"
"""

HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"
SSHD_CONFIG = "/etc/ssh/sshd_config"


def provision(root: Root, spec: MachineSpec) -> None:
    """Writes the disk of a new machine."""
    root.base.mkdir(mode=0o755, parents=True)
    root.mkdir("/etc")
    root.write(HOST_KEY, new_host_key(), 0o600)
    root.write(SSHD_CONFIG, f"HostKey {HOST_KEY}\nPasswordAuthentication no\n")
    if spec.image_os == "nixos":
        _existing_nixos(root, spec)
    elif spec.image_os == "darwin":
        _mac(root, spec)
    else:
        root.write("/etc/os-release", _DEBIAN_RELEASE)
        root.write("/etc/hostname", f"{spec.hostname}\n")
    write_authorized_keys(root, spec)


def home(spec: MachineSpec, user: str) -> str:
    """Returns the home folder of a user."""
    if user == "root":
        return "/var/root" if spec.image_os == "darwin" else "/root"
    return f"/Users/{user}" if spec.image_os == "darwin" else f"/home/{user}"


def write_authorized_keys(root: Root, spec: MachineSpec) -> None:
    """Authorizes the keys of the spec, as a cloud image's first boot or the owner of a Mac does."""
    for user, keys in spec.authorized_keys.items():
        root.mkdir(home(spec, user), 0o700 if user == "root" else 0o755)
        root.write(f"{home(spec, user)}/.ssh/authorized_keys", "".join(f"{key}\n" for key in keys), 0o600)


def _existing_nixos(root: Root, spec: MachineSpec) -> None:
    """Writes the disk of a server that already runs a NixOS system from outside the fleet."""
    path = store_path(_digest(spec), f"nixos-system-{spec.hostname}-25.11")
    root.write(f"{path}/nixos-version", "25.11.simulated")
    root.write(f"{path}/system", spec.system)
    root.write(f"{path}/bin/switch-to-configuration", f"{PROGRAM}switch-to-configuration\n", 0o755)
    root.write(f"{path}/etc/hostname", f"{spec.hostname}\n")
    root.write(f"{path}/etc/os-release", _NIXOS_RELEASE)
    root.write(f"{path}/{MANIFEST}", '{"class": "nixos", "hostKeyVar": false, "zerotier": [], "controls": {}}\n')
    profiles.set_system(root, path)
    root.write(profiles.BOOT_DEFAULT, path)


def _mac(root: Root, spec: MachineSpec) -> None:
    """Writes the disk of a Mac with its owner's account; a bootstrapped Mac has Nix and nix-darwin."""
    mesh.install(root, darwin=True)
    if spec.bootstrapped:
        path = store_path(_digest(spec), "darwin-system-25.11")
        root.write(f"{path}/darwin-version", "25.11.simulated")
        root.write(f"{path}/activate", f"{PROGRAM}activate\n", 0o755)
        root.write(f"{path}/sw/bin/darwin-rebuild", f"{PROGRAM}darwin-rebuild\n", 0o755)
        root.write(f"{path}/{MANIFEST}", '{"class": "darwin"}\n')
        profiles.set_system(root, path)
        root.link(profiles.CURRENT, path)


def _digest(spec: MachineSpec) -> str:
    return hashlib.sha256(spec.id.encode()).hexdigest()
