"""Machines: what they are, where they live and how they are reached."""

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from fediversity.fleet import catalogue
from fediversity.fleet.base import Label, Model, Port, Tag, UserName, form, in_schema, is_address, refuse
from fediversity.fleet.health import Check
from fediversity.fleet.problems import choose

MachineClass = Literal["nixos", "darwin"]
System = Literal["x86_64-linux", "aarch64-linux", "x86_64-darwin", "aarch64-darwin"]

COMPUTED_TAGS = frozenset({"all", "nixos", "darwin"})
"""Tags clan computes itself; a machine has `all` and its class without anybody writing them."""

TAG_PREFIX = "tag:"
"""What stands before a tag in `after:`, where the name of a machine could stand."""

EVERYBODY = ("0.0.0.0/0", "::/0")
"""The networks everybody is in: IPv4 and IPv6."""

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?")
_PORTS = re.compile(r"[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?")
_GCP_IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:-]*")


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


def _gcp_image(value: str) -> str:
    if not _GCP_IMAGE.fullmatch(value):
        refuse(f"'{value}' is not an image", "write project and family: 'debian-cloud/debian-12'")
    return value


def _host(value: str) -> str:
    if not _HOST.fullmatch(value) or (":" in value and not is_address(value, 6)):
        refuse(f"'{value}' is not a host", "write a host name or an address, without user and port")
    return value


def _cidr(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        refuse(f"'{value}' is not a network in CIDR form", _cidr_fix(value))


def _cidr_fix(value: str) -> str:
    try:
        return f"the host part must be zero: write '{ipaddress.ip_network(value, strict=False)}'"
    except ValueError:
        return "write it like 203.0.113.0/24 or 2001:db8::/32; everybody is 0.0.0.0/0 and ::/0"


def _port_range(value: str) -> str:
    numbers = [int(part) for part in value.split("-")] if _PORTS.fullmatch(value) else [0]
    if not all(1 <= number <= 65535 for number in numbers) or numbers != sorted(numbers):
        refuse(f"'{value}' is not a port or a range of ports", "write it like '443' or '8000-8010', in quotes")
    return value


Cidr = Annotated[str, AfterValidator(_cidr), in_schema(examples=["203.0.113.0/24", "2001:db8::/32"])]
Waited = Annotated[str, in_schema(pattern=f"^({TAG_PREFIX}[a-zA-Z0-9_][a-zA-Z0-9_-]*|[a-z0-9][a-z0-9-]*)$")]
"""An entry of `after:`: a machine's name, or a tag's with its prefix."""
Host = Annotated[str, AfterValidator(_host), form(_HOST)]
HetznerType = Annotated[str, AfterValidator(_hetzner_type), in_schema(enum=sorted(catalogue.HETZNER_SERVER_TYPES))]
HetznerLocation = Annotated[str, AfterValidator(_hetzner_location), in_schema(enum=sorted(catalogue.HETZNER_LOCATIONS))]
HetznerImage = Annotated[str, AfterValidator(_hetzner_image), in_schema(enum=sorted(catalogue.HETZNER_IMAGES))]
GcpType = Annotated[str, AfterValidator(_gcp_type), in_schema(enum=sorted(catalogue.GCP_MACHINE_TYPES))]
GcpZone = Annotated[str, AfterValidator(_gcp_zone), in_schema(enum=sorted(catalogue.GCP_ZONES))]
GcpImage = Annotated[str, AfterValidator(_gcp_image), form(_GCP_IMAGE)]
Ports = Annotated[str, AfterValidator(_port_range), form(_PORTS)]


class FirewallRule(Model):
    """Incoming traffic that the cloud's firewall lets through, on top of SSH and ZeroTier."""

    protocol: Literal["tcp", "udp"]
    port: Ports
    """One port ('443') or a range ('8000-8010'), in quotes."""
    sources: tuple[Cidr, ...] = Field(default=EVERYBODY, min_length=1)
    """The networks the traffic may come from; everybody if not given."""
    description: str = ""


class HetznerProvider(Model):
    """A server of Hetzner Cloud."""

    kind: Literal["hetzner"]
    server_type: HetznerType
    location: HetznerLocation
    image: HetznerImage = "debian-12"
    """What runs until NixOS is installed."""
    firewall: tuple[FirewallRule, ...] = ()


class GcpProvider(Model):
    """An instance of Google Compute Engine."""

    kind: Literal["gcp"]
    machine_type: GcpType
    zone: GcpZone
    image: GcpImage = "debian-cloud/debian-12"
    """What runs until NixOS is installed: a Debian family, whose start-up script lets root log in."""
    disk_gb: int = Field(default=30, ge=10, le=65536)
    """The size of the boot disk in GB."""
    firewall: tuple[FirewallRule, ...] = ()

    @property
    def region(self) -> str:
        """The region the zone lies in: `us-central1-b` is in `us-central1`."""
        return self.zone.rpartition("-")[0]


class ExistingProvider(Model):
    """A NixOS machine that somebody else made; nothing is created or destroyed for it."""

    kind: Literal["existing"]
    host: Host
    """A host name or an address, without user and port."""


class DarwinProvider(Model):
    """A Mac, set up by hand once: Nix, the first `darwin-rebuild switch`, ZeroTier, passwordless sudo."""

    kind: Literal["darwin"]
    host: Host
    """A host name or an address, without user and port."""


Provider = Annotated[
    HetznerProvider | GcpProvider | ExistingProvider | DarwinProvider,
    Field(discriminator="kind"),
]


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
    checks: tuple[Check, ...] = ()
    """What must hold after each update, besides what every machine is asked; else the update is taken back."""
    reinstall: str | None = None
    """The id of the one server that may be installed over although it already runs this fleet's NixOS."""

    @property
    def all_tags(self) -> frozenset[str]:
        """The written tags and those that clan computes."""
        return frozenset(self.tags) | {"all", self.machineClass}

    @property
    def is_mac(self) -> bool:
        """Whether it is a Mac, by its class and by where it lives."""
        return self.machineClass == "darwin" and isinstance(self.provider, DarwinProvider)

    @property
    def deferred_when_off(self) -> bool:
        """Whether its steps are put off while it does not answer."""
        return self.is_mac if self.may_be_offline is None else self.may_be_offline

    @property
    def installed_by_us(self) -> bool:
        """Whether this fleet puts the operating system on the machine (its disks are erased once)."""
        return isinstance(self.provider, HetznerProvider | GcpProvider)

    @property
    def size(self) -> str | None:
        """The cloud's machine type; None where nobody sells the machine."""
        if isinstance(self.provider, HetznerProvider):
            return self.provider.server_type
        return self.provider.machine_type if isinstance(self.provider, GcpProvider) else None

    @property
    def memory_mb(self) -> int | None:
        """The memory of the cloud's machine type in MiB; None where nobody sells the machine."""
        if isinstance(self.provider, HetznerProvider):
            return catalogue.HETZNER_SERVER_TYPES[self.provider.server_type].memory_mb
        if isinstance(self.provider, GcpProvider):
            return catalogue.GCP_MACHINE_TYPES[self.provider.machine_type].memory_mb
        return None
