"""Machines: what they are, where they live and how they are reached."""

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from fediversity.fleet import catalogue
from fediversity.fleet.base import Label, Model, Port, Tag, UserName, refuse
from fediversity.fleet.problems import choose

MachineClass = Literal["nixos", "darwin"]
System = Literal["x86_64-linux", "aarch64-linux", "x86_64-darwin", "aarch64-darwin"]

COMPUTED_TAGS = frozenset({"all", "nixos", "darwin"})
"""Tags clan computes itself; a machine has `all` and its class without anybody writing them."""


def _hetzner_type(value: str) -> str:
    if value not in catalogue.HETZNER_SERVER_TYPES:
        refuse(f"unknown Hetzner server type '{value}'", choose(value, catalogue.HETZNER_SERVER_TYPES))
    return value


def _hetzner_location(value: str) -> str:
    if value not in catalogue.HETZNER_LOCATIONS:
        refuse(f"unknown Hetzner location '{value}'", choose(value, catalogue.HETZNER_LOCATIONS))
    return value


def _hetzner_image(value: str) -> str:
    if value not in catalogue.HETZNER_IMAGES:
        refuse(f"unknown Hetzner image '{value}'", choose(value, catalogue.HETZNER_IMAGES))
    return value


def _gcp_type(value: str) -> str:
    if value not in catalogue.GCP_MACHINE_TYPES:
        refuse(f"unknown Google Cloud machine type '{value}'", choose(value, catalogue.GCP_MACHINE_TYPES))
    return value


def _gcp_zone(value: str) -> str:
    if value not in catalogue.GCP_ZONES:
        refuse(f"unknown Google Cloud zone '{value}'", choose(value, catalogue.GCP_ZONES))
    return value


def _cidr(value: str) -> str:
    try:
        network = ipaddress.ip_network(value)
    except ValueError:
        refuse(f"'{value}' is not a network in CIDR form", _cidr_fix(value))
    return str(network)


def _cidr_fix(value: str) -> str:
    try:
        return f"the host part must be zero: write '{ipaddress.ip_network(value, strict=False)}'"
    except ValueError:
        return "write it like 203.0.113.0/24 or 2001:db8::/32; everybody is 0.0.0.0/0 and ::/0"


def _port_range(value: str) -> str:
    first, _, last = value.partition("-")
    numbers = [int(part) if part.isdecimal() else 0 for part in (first, last or first)]
    if not all(1 <= number <= 65535 for number in numbers) or numbers[0] > numbers[1]:
        refuse(f"'{value}' is not a port or a range of ports", "write it like '443' or '8000-8010', in quotes")
    return value


Cidr = Annotated[str, AfterValidator(_cidr)]


class FirewallRule(Model):
    """Incoming traffic that the cloud's firewall lets through, on top of SSH and ZeroTier."""

    protocol: Literal["tcp", "udp"]
    port: Annotated[str, AfterValidator(_port_range)]
    sources: tuple[Cidr, ...] = Field(default=("0.0.0.0/0", "::/0"), min_length=1)
    description: str = ""


class HetznerProvider(Model):
    """A server of Hetzner Cloud."""

    kind: Literal["hetzner"]
    server_type: Annotated[str, AfterValidator(_hetzner_type)]
    location: Annotated[str, AfterValidator(_hetzner_location)]
    image: Annotated[str, AfterValidator(_hetzner_image)] = "debian-12"
    firewall: tuple[FirewallRule, ...] = ()


class GcpProvider(Model):
    """An instance of Google Compute Engine. `disk_gb` is the boot disk in GB."""

    kind: Literal["gcp"]
    machine_type: Annotated[str, AfterValidator(_gcp_type)]
    zone: Annotated[str, AfterValidator(_gcp_zone)]
    image: str = "debian-cloud/debian-12"
    disk_gb: int = Field(default=30, ge=10, le=65536)
    firewall: tuple[FirewallRule, ...] = ()

    @property
    def region(self) -> str:
        """The region the zone lies in: `us-central1-b` is in `us-central1`."""
        return self.zone.rpartition("-")[0]


class ExistingProvider(Model):
    """A NixOS machine that somebody else made; nothing is created or destroyed for it."""

    kind: Literal["existing"]
    host: str


class DarwinProvider(Model):
    """A Mac, set up by hand once: Nix, the first `darwin-rebuild switch`, ZeroTier, passwordless sudo."""

    kind: Literal["darwin"]
    host: str


Provider = Annotated[
    HetznerProvider | GcpProvider | ExistingProvider | DarwinProvider,
    Field(discriminator="kind"),
]


class Ssh(Model):
    """How a machine is reached: the login user, and the port its SSH server listens on."""

    user: UserName = "root"
    port: Port = 22


class Disk(Model):
    """The machine's own disk. `encrypted`: LUKS, unlocked over SSH on `unlock_port` after each boot."""

    encrypted: bool = False
    unlock_port: Port = 2223


class Machine(Model):
    """A machine of the fleet. A disabled one declares nothing and costs nothing; its name and tags stay known."""

    machineClass: MachineClass  # noqa: N815 (clan's own spelling)
    system: System
    provider: Provider
    description: str = ""
    enabled: bool = True
    tags: tuple[Tag, ...] = ()
    ssh: Ssh = Ssh()
    disk: Disk = Disk()
    mesh: Label | None = None
    """The zerotier instance a Mac joins by its own ZeroTier, because that service has no darwin module."""
    after: tuple[str, ...] = ()
    """Machines, or `tag:NAME`, whose deployment must have ended well before anything here is changed."""
    reinstall: str | None = None
    """The id of the one server that may be installed over although it already runs this fleet's NixOS."""

    @property
    def all_tags(self) -> frozenset[str]:
        """The written tags and those that clan computes."""
        return frozenset(self.tags) | {"all", self.machineClass}

    @property
    def installed_by_us(self) -> bool:
        """Whether this fleet puts the operating system on the machine (its disks are erased once)."""
        return isinstance(self.provider, HetznerProvider | GcpProvider)

    @property
    def memory_mb(self) -> int | None:
        """The memory of the cloud's machine type in MiB; None where nobody sells the machine."""
        if isinstance(self.provider, HetznerProvider):
            return catalogue.HETZNER_SERVER_TYPES[self.provider.server_type].memory_mb
        if isinstance(self.provider, GcpProvider):
            return catalogue.GCP_MACHINE_TYPES[self.provider.machine_type].memory_mb
        return None
