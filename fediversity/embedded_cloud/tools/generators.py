"""Derives a machine's generators from the fleet: clan's services, and the modules of the flake in `nix/`.

Services with only a `nixosModule` (sshd, zerotier, users, emergency-access) generate nothing for a Mac, as in clan. The
flake's own module generates a Mac's mesh membership.
"""

import getpass
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fediversity.embedded_cloud.tools.errors import ToolError
from fediversity.embedded_cloud.tools.flake import Flake, Membership
from fediversity.embedded_cloud.tools.vars import File, Generator, Inputs

_APPLICATION_SECRETS = {"peertube": "secret", "pixelfed": "app-key"}
"""Applications whose NixOS module needs a secret from a file; Mastodon's module creates its own."""


def machine_generators(flake: Flake, machine: str) -> list[Generator]:
    """Returns the generators of a machine, including shared ones."""
    generators: dict[str, Generator] = {}
    for generator in _generators(flake, machine):
        generators.setdefault(generator.folder, generator)
    return list(generators.values())


def fleet_generators(flake: Flake, machines: list[str]) -> tuple[list[Generator], dict[str, list[str]]]:
    """Returns the generators of several machines, each once, and the machines of each by its folder."""
    generators: dict[str, Generator] = {}
    users: dict[str, list[str]] = {}
    for machine in machines:
        for generator in machine_generators(flake, machine):
            generators.setdefault(generator.folder, generator)
            users.setdefault(generator.folder, []).append(machine)
    return list(generators.values()), users


def _generators(flake: Flake, machine: str) -> Iterator[Generator]:
    if flake.is_darwin(machine):
        if instance := flake.machines[machine]["mesh"]:
            yield from _mesh_member(flake, machine, instance)
        return
    if flake.machines[machine]["encrypted"]:
        yield _ssh_key("initrd-ssh", machine, "id_ed25519", needed_for="activation")
        passphrase = File("passphrase", deploy=False, needed_for="partitioning")
        yield Generator("luks", machine, (passphrase,), lambda _: {"passphrase": _passphrase()})
    for name, request in flake.deployments_on(machine).items():
        yield from _deployment(machine, name, request)
    for member in flake.memberships(machine):
        service = {
            "sshd": _sshd,
            "zerotier": _zerotier,
            "users": _user,
            "emergency-access": _emergency_access,
        }.get(member.module)
        if service is not None:
            yield from service(flake, machine, member)


def _sshd(flake: Flake, machine: str, member: Membership) -> Iterator[Generator]:
    authority = _ssh_key("openssh-ca", None, "id_ed25519", deploy=False)
    if member.settings.get("certificate", {}).get("enable", True):
        yield authority
    if member.role != "server":
        return
    host_key = _ssh_key("openssh", machine, "ssh.id_ed25519")
    yield host_key
    if member.settings.get("generateRootKey", False):
        yield _ssh_key("sshd-root-key", machine, "id_ed25519")
    certificate = member.settings.get("certificate", {})
    if certificate.get("enable", True):
        domains = [flake.domain, *certificate.get("searchDomains", [])]
        names = ",".join(dict.fromkeys(f"{machine}.{domain}" for domain in domains))
        yield Generator(
            "openssh-cert",
            machine,
            (_public("ssh.id_ed25519-cert.pub"),),
            lambda inputs: {"ssh.id_ed25519-cert.pub": _certify(machine, names, inputs)},
            needs=(host_key, authority),
        )


def _zerotier(flake: Flake, machine: str, member: Membership) -> Iterator[Generator]:
    yield from _mesh_member(flake, machine, member.instance)
    if member.role == "controller":
        for mac in flake.macs_of(member.instance):
            *_, address = _mesh_member(flake, mac, member.instance)
            yield address


def _mesh_member(flake: Flake, machine: str, instance: str) -> Iterator[Generator]:
    """Yields the generators of a machine's mesh identity, the mesh's network, and the machine's address in it."""
    controllers = flake.holders(instance, "controller")
    if len(controllers) != 1:
        raise ToolError(f"the zerotier instance {instance} needs exactly one controller, not {len(controllers)}")
    network = Generator(
        f"zerotier-network-{instance}",
        None,
        (File("network-id", secret=False, deploy=False),),
        lambda inputs: {"network-id": _network_id(next(iter(inputs.values())))},
        needs=(_zerotier_identity(controllers[0]),),
    )
    identity = _zerotier_identity(machine)
    yield identity
    yield network
    yield Generator(
        f"zerotier-ip-{machine}-{instance}",
        None,
        (File("ip", secret=False, deploy=False),),
        lambda inputs: {"ip": _address(*inputs.values())},
        needs=(network, identity),
    )


def _zerotier_identity(machine: str) -> Generator:
    files = (File("identity-secret"),)
    return Generator(f"zerotier-identity-{machine}", None, files, lambda _: {"identity-secret": _identity()})


def _user(_flake: Flake, machine: str, member: Membership) -> Iterator[Generator]:
    if not member.settings.get("systemUser", True):
        return
    user = member.settings.get("user", member.instance)
    asks = member.settings.get("prompt", True)
    yield Generator(
        f"user-password-{user}",
        None if member.settings.get("share", False) else machine,
        (File("user-password-hash", needed_for="users"), File("user-password", deploy=False)),
        lambda _: _password("user-password", _ask_password(user, machine) if asks else _passphrase()),
    )


def _emergency_access(_flake: Flake, machine: str, _member: Membership) -> Iterator[Generator]:
    files = (_public("password-hash"), File("password", deploy=False))
    yield Generator("emergency-access", machine, files, lambda _: _password("password", _passphrase()))


def _deployment(machine: str, name: str, request: Mapping[str, Any]) -> Iterator[Generator]:
    """Yields the generators of the application modules (`nix/modules/services/`)."""
    password = (File("password"),)
    yield Generator(f"{name}-initial-user", machine, password, lambda _: {"password": _passphrase()})
    if request["storage"]:
        files = (File("access-key-id"), File("secret-access-key"))
        yield Generator(f"{name}-s3", None, files, lambda _: _s3_key())
    if request["mail"] and request["mail"]["user"]:
        yield Generator(f"{name}-mail", None, password, lambda _: {"password": _passphrase()})
    if secret := _APPLICATION_SECRETS.get(request["application"]):
        yield Generator(f"{name}-secrets", machine, (File(secret),), lambda _: {secret: os.urandom(32).hex().encode()})


def _s3_key() -> Mapping[str, bytes]:
    """Returns a key pair in the format that Garage generates and imports."""
    return {"access-key-id": f"GK{os.urandom(12).hex()}".encode(), "secret-access-key": os.urandom(32).hex().encode()}


def _public(name: str) -> File:
    return File(name, secret=False)


def _ssh_key(name: str, machine: str | None, file: str, deploy: bool = True, needed_for: str = "services") -> Generator:
    files = (File(file, deploy=deploy, needed_for=needed_for), File(f"{file}.pub", secret=False, deploy=deploy))

    def make(_: Inputs) -> Mapping[str, bytes]:
        with tempfile.TemporaryDirectory() as folder:
            key = Path(folder) / file
            _keygen("-t", "ed25519", "-N", "", "-C", "", "-f", str(key))
            return {file: key.read_bytes(), f"{file}.pub": key.with_name(f"{file}.pub").read_bytes()}

    return Generator(name, machine, files, make)


def _certify(machine: str, names: str, inputs: Inputs) -> bytes:
    """Returns a host certificate for the machine's key, signed by the clan's authority."""
    with tempfile.TemporaryDirectory() as folder:
        authority, public = Path(folder) / "ca", Path(folder) / "key.pub"
        authority.touch(mode=0o600)
        authority.write_bytes(inputs["openssh-ca/id_ed25519"])
        public.write_bytes(inputs["openssh/ssh.id_ed25519.pub"])
        _keygen("-s", str(authority), "-I", machine, "-h", "-n", names, str(public))
        kind, certificate = public.with_name("key-cert.pub").read_bytes().split()[:2]
        return kind + b" " + certificate + b"\n"  # without the comment, which is a path of this computer


def _keygen(*arguments: str) -> None:
    done = subprocess.run(["ssh-keygen", "-q", *arguments], capture_output=True, check=False)
    if done.returncode != 0:
        raise ToolError(f"ssh-keygen failed: {done.stderr.decode().strip()}")


def _identity() -> bytes:
    """Returns a ZeroTier identity. Its id is random and unchecked; the real one is computed from its keys."""
    return f"{os.urandom(5).hex()}:0:{os.urandom(64).hex()}:{os.urandom(64).hex()}".encode()


def _network_id(identity: bytes) -> bytes:
    return identity[:10] + os.urandom(3).hex().encode()


def _address(network: bytes, identity: bytes) -> bytes:
    """Returns a node's address in ZeroTier's RFC 4193 scheme: fd, the network id, 9993, the node id."""
    from ipaddress import IPv6Address  # noqa: PLC0415  needed once in a clan's life

    return str(IPv6Address(bytes.fromhex(f"fd{network.decode()}9993{identity[:10].decode()}"))).encode()


def _passphrase() -> bytes:
    """Returns a passphrase of six groups, in place of xkcdpass's six words."""
    return b"-".join(os.urandom(3).hex().encode() for _ in range(6))


def _password(file: str, password: bytes) -> Mapping[str, bytes]:
    digest = hashlib.sha256(os.urandom(8) + password).hexdigest()
    return {file: password, f"{file}-hash": f"$simulated${digest}".encode()}


def _ask_password(user: str, machine: str) -> bytes:
    """Asks for a password, as a users instance without `prompt = false` does. Raises `ToolError` without a terminal."""
    if not sys.stdin.isatty():
        raise ToolError(
            f"the generator user-password-{user} of {machine} asks for a password and there is no terminal "
            "(termios.error: Inappropriate ioctl for device); set `prompt = false` for unattended runs"
        )
    answer = getpass.getpass(f"password of {user} (empty: generate one): ")
    return answer.encode() or _passphrase()
