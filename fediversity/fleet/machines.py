"""Machines: what they are, and how they are reached."""

from typing import Literal

from pydantic import Field

from fediversity.fleet.base import Label, Model, Port, Tag, UserName, Waited
from fediversity.fleet.health import HealthCheck
from fediversity.fleet.providers.registry import Provider

MachineClass = Literal["nixos", "darwin"]
System = Literal["x86_64-linux", "aarch64-linux", "x86_64-darwin", "aarch64-darwin"]

COMPUTED_TAGS = frozenset({"all", "nixos", "darwin"})
"""Tags clan computes itself; a machine has `all` and its class without anybody writing them."""


class Ssh(Model):
    """How a machine is reached."""

    user: UserName = "root"
    """The login user: root on a NixOS server, the primary user on a Mac."""
    port: Port = 22


class Disk(Model):
    """The machine's own disk."""

    encrypted: bool = False
    """Whether it is encrypted with LUKS and unlocked over SSH after each boot."""
    unlock_port: Port = 2223
    """The port of the SSH server that waits for the passphrase."""


class Adopted(Model):
    """What a cloud has already and this fleet takes over, by the cloud's ids."""

    server: str
    """The server's id: a number at Hetzner; at Google `projects/PROJECT/zones/ZONE/instances/NAME`."""
    address: str | None = None
    """The id of its IPv4 address: a number at Hetzner; at Google `projects/PROJECT/regions/REGION/addresses/NAME`."""
    address_ipv6: str | None = None
    """The id of its IPv6 network at Hetzner."""
    firewall: str | None = None
    """The id of the firewall in front of it."""


class Machine(Model):
    """A machine of the fleet."""

    machineClass: MachineClass  # noqa: N815 (clan's own spelling)
    """What runs on it: NixOS, or macOS with nix-darwin."""
    system: System
    """The platform it is built for."""
    provider: Provider
    """Where it lives."""
    description: str = ""
    enabled: bool = True
    """A disabled machine declares nothing and costs nothing; its name and tags stay known."""
    tags: tuple[Tag, ...] = ()
    """What roles and `after:` can refer to. `all` and the machine's class are there without being written."""
    ssh: Ssh = Ssh()
    disk: Disk = Disk()
    mesh: Label | None = None
    """The zerotier instance a Mac joins by its own ZeroTier, because that service has no darwin module."""
    after: tuple[Waited, ...] = ()
    """Machines, or `tag:NAME`, whose deployment must have ended well before anything here is changed."""
    may_be_offline: bool | None = None
    """Whether being off is no failure: its steps are put off to the next rollout. Macs may if nothing is said."""
    checks: tuple[HealthCheck, ...] = ()
    """What must hold after each update, besides what every machine is asked; else the update is taken back."""
    reinstall: str | None = None
    """The id of the one server that may be installed over although it already runs this fleet's NixOS."""
    protect: bool | None = None
    """Whether the server is kept from being deleted by accident; the stack's setting if nothing is said."""
    destroy: str | None = None
    """The id of the one protected server that may be destroyed: replaced, or deleted because it is switched off."""
    formerly: tuple[Label, ...] = ()
    """Names the machine had in this file before: it stays the same machine under its new one."""
    import_: Adopted | None = Field(default=None, alias="import")
    """What exists already and is taken over instead of being made."""

    @property
    def all_tags(self) -> frozenset[str]:
        """The written tags and those that clan computes."""
        return frozenset(self.tags) | {"all", self.machineClass}

    @property
    def is_mac(self) -> bool:
        """Whether it is a Mac, by its class and by where it lives."""
        return self.machineClass == "darwin" and self.provider.runs == "darwin"

    @property
    def deferred_when_off(self) -> bool:
        """Whether its steps are put off while it does not answer."""
        return self.is_mac if self.may_be_offline is None else self.may_be_offline

    @property
    def installed_by_us(self) -> bool:
        """Whether this fleet puts the operating system on the machine (its disks are erased once)."""
        return self.provider.creates_machines

    @property
    def size(self) -> str | None:
        """The cloud's machine type; None where no cloud sells the machine."""
        return self.provider.size

    @property
    def install_size(self) -> str | None:
        """The cloud's machine type while NixOS is installed; None where no cloud sells the machine."""
        return self.provider.install_size

    @property
    def boots_nixos(self) -> bool:
        """Whether a new server of it boots a prepared NixOS, so that the installer is left out."""
        return self.provider.prepared

    @property
    def memory_mb(self) -> int | None:
        """The memory of the cloud's machine type in MiB; None where no cloud sells the machine."""
        return self.provider.memory_mb
