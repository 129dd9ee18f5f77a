"""Where machines live: Hetzner Cloud, Google Compute Engine, with somebody else, or on a desk."""

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from fediversity.fleet import catalogue
from fediversity.fleet.base import Domain, Label, Model, fail_validation, form, in_schema, is_address
from fediversity.fleet.diagnostics import choose
from fediversity.fleet.google import BASIC_ROLES
from fediversity.fleet.hetzner import PRIVATE_RANGES

EVERYBODY = ("0.0.0.0/0", "::/0")
"""The networks everybody is in: IPv4 and IPv6."""

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?")
_PORTS = re.compile(r"[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?")
_GCP_IMAGE = re.compile(r"gs://[a-z0-9][a-z0-9._-]*/\S+\.tar\.gz|(?!gs:)[a-z0-9][a-z0-9._/:-]*")
_HETZNER_SNAPSHOT = re.compile(r"[1-9][0-9]*")
_ROLE = re.compile(r"(projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/)?roles/[a-zA-Z0-9_.]+")


def _hetzner_type(value: str) -> str:
    if value not in catalogue.HETZNER_SERVER_TYPES:
        fail_validation(f"unknown Hetzner server type '{value}'", choose(value, catalogue.HETZNER_SERVER_TYPES))
    return value


def _hetzner_location(value: str) -> str:
    if value not in catalogue.HETZNER_LOCATIONS:
        fail_validation(f"unknown Hetzner location '{value}'", choose(value, catalogue.HETZNER_LOCATIONS))
    return value


def _hetzner_image(value: str) -> str:
    if value not in catalogue.HETZNER_IMAGES and not _HETZNER_SNAPSHOT.fullmatch(value):
        fail_validation(f"unknown Hetzner image '{value}'", choose(value, catalogue.HETZNER_IMAGES))
    return value


def _gcp_type(value: str) -> str:
    if value not in catalogue.GCP_MACHINE_TYPES:
        fail_validation(f"unknown Google Cloud machine type '{value}'", choose(value, catalogue.GCP_MACHINE_TYPES))
    return value


def _gcp_zone(value: str) -> str:
    if value not in catalogue.GCP_ZONES:
        fail_validation(f"unknown Google Cloud zone '{value}'", choose(value, catalogue.GCP_ZONES))
    return value


def _gcp_image(value: str) -> str:
    if not _GCP_IMAGE.fullmatch(value):
        fix = "write project and family, 'debian-cloud/debian-12', or a prepared image, 'gs://BUCKET/NAME.tar.gz'"
        fail_validation(f"'{value}' is not an image", fix)
    return value


def _host(value: str) -> str:
    if not _HOST.fullmatch(value) or (":" in value and not is_address(value, 6)):
        fail_validation(f"'{value}' is not a host", "write a host name or an address, without user and port")
    return value


def _cidr(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        fail_validation(f"'{value}' is not a network in CIDR form", _cidr_fix(value))


def _cidr_fix(value: str) -> str:
    try:
        return f"the host part must be zero: write '{ipaddress.ip_network(value, strict=False)}'"
    except ValueError:
        return "write it like 203.0.113.0/24 or 2001:db8::/32; everybody is 0.0.0.0/0 and ::/0"


def _port_range(value: str) -> str:
    numbers = [int(part) for part in value.split("-")] if _PORTS.fullmatch(value) else [0]
    if not all(1 <= number <= 65535 for number in numbers) or numbers != sorted(numbers):
        fail_validation(f"'{value}' is not a port or a range of ports", "write it like '443' or '8000-8010', in quotes")
    return value


def _private_address(value: str) -> str:
    if not is_address(value, 4) or not any(ipaddress.ip_address(value) in range_ for range_ in PRIVATE_RANGES):
        fail_validation(f"'{value}' is not a private IPv4 address", "write one of the network's range, like '10.0.1.2'")
    return value


def _accelerator(value: str) -> str:
    if value not in catalogue.GCP_ACCELERATORS:
        fail_validation(f"unknown accelerator '{value}'", choose(value, catalogue.GCP_ACCELERATORS))
    return value


def _role(value: str) -> str:
    if not _ROLE.fullmatch(value):
        fail_validation(f"'{value}' is not a role", "write it like 'roles/storage.objectViewer'")
    if value in BASIC_ROLES:
        fail_validation(
            f"'{value}' is a basic role over the whole project", "name the roles that the machine really needs"
        )
    return value


Cidr = Annotated[str, AfterValidator(_cidr), in_schema(examples=["203.0.113.0/24", "2001:db8::/32"])]
Host = Annotated[str, AfterValidator(_host), form(_HOST)]
HetznerType = Annotated[str, AfterValidator(_hetzner_type), in_schema(enum=sorted(catalogue.HETZNER_SERVER_TYPES))]
HetznerLocation = Annotated[str, AfterValidator(_hetzner_location), in_schema(enum=sorted(catalogue.HETZNER_LOCATIONS))]
HetznerImage = Annotated[
    str,
    AfterValidator(_hetzner_image),
    in_schema(anyOf=[{"enum": sorted(catalogue.HETZNER_IMAGES)}, {"pattern": f"^({_HETZNER_SNAPSHOT.pattern})$"}]),
]
GcpType = Annotated[str, AfterValidator(_gcp_type), in_schema(enum=sorted(catalogue.GCP_MACHINE_TYPES))]
GcpZone = Annotated[str, AfterValidator(_gcp_zone), in_schema(enum=sorted(catalogue.GCP_ZONES))]
GcpImage = Annotated[str, AfterValidator(_gcp_image), form(_GCP_IMAGE)]
Ports = Annotated[str, AfterValidator(_port_range), form(_PORTS)]
PrivateAddress = Annotated[str, AfterValidator(_private_address), in_schema(examples=["10.0.1.2"])]
AcceleratorType = Annotated[str, AfterValidator(_accelerator), in_schema(enum=sorted(catalogue.GCP_ACCELERATORS))]
Role = Annotated[str, AfterValidator(_role), form(_ROLE)]


class FirewallRule(Model):
    """Incoming traffic that the cloud's firewall lets through, on top of SSH and ZeroTier."""

    protocol: Literal["tcp", "udp"]
    port: Ports
    """One port ('443') or a range ('8000-8010'), in quotes."""
    sources: tuple[Cidr, ...] = Field(default=EVERYBODY, min_length=1)
    """The networks the traffic may come from; everybody if not given."""
    description: str = ""


class PrivateNetwork(Model):
    """A server's place in one of the fleet's private networks."""

    name: Label
    """The network, an entry of `networks:`."""
    address: PrivateAddress | None = None
    """Its address there; the cloud chooses one if nothing is said."""


class Volume(Model):
    """A volume of Hetzner Cloud, attached to the server. It outlives the server."""

    size_gb: int = Field(ge=10, le=10240)
    """Its size in GB. It can grow; a smaller number is refused by the cloud."""
    format: Literal["ext4", "xfs"] | None = None
    """The file system it is made with; none if the machine's own module does that."""


class HetznerProvider(Model):
    """A server of Hetzner Cloud."""

    kind: Literal["hetzner"]
    server_type: HetznerType
    location: HetznerLocation
    image: HetznerImage = "debian-12"
    """What runs until NixOS is installed; or the number of a snapshot that holds a prepared NixOS, as text, which is
    booted as it is and needs no installer."""
    install_type: HetznerType | None = None
    """The larger type that the server has while NixOS is installed; it gets its own type afterwards."""
    ipv6: bool = True
    """Whether it has a public IPv6 network of its own beside its IPv4 address."""
    backups: bool = False
    """Whether the cloud makes a daily backup of the disk, which costs a fifth of the server."""
    placement_group: Label | None = None
    """Servers of one group never share a physical host."""
    network: PrivateNetwork | None = None
    volumes: dict[Label, Volume] = Field(default_factory=dict)
    """Volumes of its own, by name."""
    rdns: Domain | None = None
    """The name that its public addresses lead back to (PTR)."""
    firewall: tuple[FirewallRule, ...] = ()

    @property
    def prepared(self) -> bool:
        """Whether it boots a prepared NixOS, and the installer is skipped."""
        return self.image.isdecimal()


class Accelerator(Model):
    """GPUs of an instance."""

    type: AcceleratorType
    count: Literal[1, 2, 4, 8, 16] = 1


class PersistentDisk(Model):
    """A disk beside the boot disk. It outlives the instance, not the machine's entry."""

    size_gb: int = Field(ge=10, le=65536)
    """Its size in GB. It can grow in place. A smaller number means another, empty disk, which the engine refuses while
    the machine is protected."""
    type: Literal["pd-standard", "pd-balanced", "pd-ssd"] = "pd-balanced"


class GcpProvider(Model):
    """An instance of Google Compute Engine."""

    kind: Literal["gcp"]
    machine_type: GcpType
    zone: GcpZone
    fallback_zones: tuple[GcpZone, ...] = ()
    """Other zones of the region where the instance could stand: what to write under `zone` when that one is full."""
    image: GcpImage = "debian-cloud/debian-12"
    """What runs until NixOS is installed: a Debian family, whose start-up script lets root log in. Or a prepared NixOS,
    `gs://BUCKET/NAME.tar.gz`, which is booted as it is and needs no installer."""
    install_type: GcpType | None = None
    """The larger type that the instance has while NixOS is installed; it gets its own type afterwards."""
    disk_gb: int = Field(default=30, ge=10, le=65536)
    """The size of the boot disk in GB."""
    disk_type: Literal["pd-standard", "pd-balanced", "pd-ssd"] = "pd-balanced"
    disks: dict[Label, PersistentDisk] = Field(default_factory=dict)
    """Disks of its own beside the boot disk, by name."""
    accelerator: Accelerator | None = None
    """GPUs. An instance that has them is ended, not moved, when Google maintains its host."""
    roles: tuple[Role, ...] = ()
    """What the machine itself may do in the project. With roles it has a service account of its own, else none."""
    firewall: tuple[FirewallRule, ...] = ()

    @property
    def region(self) -> str:
        """The region the zone lies in: `us-central1-b` is in `us-central1`."""
        return self.zone.rpartition("-")[0]

    @property
    def prepared(self) -> bool:
        """Whether it boots a prepared NixOS, and the installer is skipped."""
        return self.image.startswith("gs://")


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
