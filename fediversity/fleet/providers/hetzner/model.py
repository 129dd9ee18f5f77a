"""Machines and private networks of Hetzner Cloud, as a fleet file describes them."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from fediversity.fleet.base import Domain, Label, Listed, Model, fail_validation, in_schema, is_address
from fediversity.fleet.diagnostics import choose
from fediversity.fleet.providers.base import CloudProvider
from fediversity.fleet.providers.billing import Item
from fediversity.fleet.providers.catalogue import MachineType
from fediversity.fleet.providers.hetzner import catalogue
from fediversity.fleet.providers.hetzner.names import PRIVATE_RANGES
from fediversity.fleet.providers.network_fields import Cidr, FirewallRule

_SNAPSHOT = re.compile(r"[1-9][0-9]*")


def _image(value: str) -> str:
    if value not in catalogue.IMAGES and not _SNAPSHOT.fullmatch(value):
        fail_validation(f"unknown Hetzner image '{value}'", choose(value, catalogue.IMAGES))
    return value


def _private_address(value: str) -> str:
    if not is_address(value, 4) or not any(ipaddress.ip_address(value) in range_ for range_ in PRIVATE_RANGES):
        fail_validation(f"'{value}' is not a private IPv4 address", "write one of the network's range, like '10.0.1.2'")
    return value


def _private_range(value: str) -> str:
    network = ipaddress.ip_network(value)
    if not isinstance(network, ipaddress.IPv4Network) or not any(map(network.subnet_of, PRIVATE_RANGES)):
        fail_validation(f"'{value}' is not a private IPv4 network", "write it like '10.0.0.0/16' (RFC 1918)")
    return value


HetznerType = Annotated[str, Listed("Hetzner server type", catalogue.SERVER_TYPES)]
HetznerLocation = Annotated[str, Listed("Hetzner location", catalogue.LOCATIONS)]
HetznerImage = Annotated[
    str,
    AfterValidator(_image),
    in_schema(anyOf=[{"enum": sorted(catalogue.IMAGES)}, {"pattern": f"^({_SNAPSHOT.pattern})$"}]),
]
PrivateAddress = Annotated[str, AfterValidator(_private_address), in_schema(examples=["10.0.1.2"])]
PrivateRange = Annotated[Cidr, AfterValidator(_private_range)]
NetworkZone = Annotated[str, Listed("network zone", catalogue.NETWORK_ZONES)]


class Network(Model):
    """A private network of Hetzner Cloud with one subnet for servers."""

    zone: NetworkZone
    """The network zone; only servers of its locations can be in it."""
    range: PrivateRange
    """All addresses of the network."""
    subnet: PrivateRange
    """The part of them that servers have."""


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


class HetznerProvider(CloudProvider):
    """A server of Hetzner Cloud."""

    machine_types: ClassVar[Mapping[str, MachineType]] = catalogue.SERVER_TYPES
    places: ClassVar[frozenset[str]] = frozenset(catalogue.LOCATIONS)
    size_field: ClassVar[str] = "server_type"
    zone_service: ClassVar[str] = "Hetzner DNS"
    id_form: ClassVar[str] = "a number"

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

    @classmethod
    def is_id(cls, text: str) -> bool:
        """Returns whether a text is a number, as all of Hetzner's ids are."""
        return text.isdecimal()

    @property
    def size(self) -> str:
        """The server type."""
        return self.server_type

    @property
    def larger_size(self) -> str | None:
        """The server type that the fleet file chooses for the installation."""
        return self.install_type

    @property
    def prepared(self) -> bool:
        """Whether it boots a snapshot that holds a prepared NixOS, and the installer is skipped."""
        return self.image.isdecimal()

    @property
    def address_versions(self) -> frozenset[int]:
        """IPv4 always, IPv6 unless the fleet file switches it off."""
        return frozenset({4, 6} if self.ipv6 else {4})

    @property
    def ipv6_off(self) -> bool:
        """Whether the fleet file switches IPv6 off."""
        return not self.ipv6

    def missing_address_fix(self, machine: str) -> str:
        """Returns the way to an IPv6 address: every server has an IPv4 address."""
        return f"set `ipv6: true` under the provider of '{machine}', or remove the record"

    def billed(self, machine: str) -> Iterator[Item]:
        """Yields server, backups, IPv4 address and volumes; IPv6 is free."""
        yield Item(machine, "server", self.kind, self.server_type, self.location)
        if self.backups:
            yield Item(machine, "backup", self.kind, self.server_type, self.location)
        yield Item(machine, "ipv4", self.kind, "", self.location)
        for name, volume in self.volumes.items():
            yield Item(machine, "volume", self.kind, "", self.location, volume.size_gb, name)
