"""Machines of Google Compute Engine, as a fleet file describes them."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from fediversity.fleet.base import Label, Listed, Model, fail_validation, form
from fediversity.fleet.providers.base import CloudProvider
from fediversity.fleet.providers.billing import Item
from fediversity.fleet.providers.catalogue import MachineType
from fediversity.fleet.providers.google import catalogue
from fediversity.fleet.providers.google.billing import BOOT_DISK
from fediversity.fleet.providers.network_fields import FirewallRule

BASIC_ROLES = frozenset({"roles/owner", "roles/editor", "roles/viewer"})
"""Roles over everything in a project, which no account gets here."""

_IMAGE = re.compile(r"gs://[a-z0-9][a-z0-9._-]*/\S+\.tar\.gz|(?!gs:)[a-z0-9][a-z0-9._/:-]*")
_ROLE = re.compile(r"(projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/)?roles/[a-zA-Z0-9_.]+")


def _image(value: str) -> str:
    if not _IMAGE.fullmatch(value):
        fix = "write project and family, 'debian-cloud/debian-12', or a prepared image, 'gs://BUCKET/NAME.tar.gz'"
        fail_validation(f"'{value}' is not an image", fix)
    return value


def _role(value: str) -> str:
    if not _ROLE.fullmatch(value):
        fail_validation(f"'{value}' is not a role", "write it like 'roles/storage.objectViewer'")
    if value in BASIC_ROLES:
        fail_validation(
            f"'{value}' is a basic role over the whole project", "name the roles that the machine really needs"
        )
    return value


GcpType = Annotated[str, Listed("Google Cloud machine type", catalogue.MACHINE_TYPES)]
GcpZone = Annotated[str, Listed("Google Cloud zone", catalogue.ZONES)]
GcpImage = Annotated[str, AfterValidator(_image), form(_IMAGE)]
AcceleratorType = Annotated[str, Listed("accelerator", catalogue.ACCELERATORS)]
Role = Annotated[str, AfterValidator(_role), form(_ROLE)]


class Accelerator(Model):
    """GPUs of an instance."""

    type: AcceleratorType
    count: Literal[1, 2, 4, 8, 16] = 1


class PersistentDisk(Model):
    """A disk beside the boot disk. It outlives the instance, not the machine's entry."""

    size_gb: int = Field(ge=10, le=65536)
    """Its size in GB. It can grow in place. A smaller number means another, empty disk, which Pulumi refuses while
    the machine is protected."""
    type: Literal["pd-standard", "pd-balanced", "pd-ssd"] = "pd-balanced"


class GcpProvider(CloudProvider):
    """An instance of Google Compute Engine."""

    machine_types: ClassVar[Mapping[str, MachineType]] = catalogue.MACHINE_TYPES
    accelerators: ClassVar[frozenset[str]] = frozenset(catalogue.ACCELERATORS)
    places: ClassVar[frozenset[str]] = catalogue.ZONES | catalogue.REGIONS | catalogue.BUCKET_LOCATIONS
    size_field: ClassVar[str] = "machine_type"
    full_error: ClassVar[str] = "ZONE_RESOURCE_POOL_EXHAUSTED"
    zone_service: ClassVar[str] = "Google's Cloud DNS"
    id_form: ClassVar[str] = "a path, 'projects/PROJECT/…'"

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

    @classmethod
    def is_id(cls, text: str) -> bool:
        """Returns whether a text can be the path of a resource: it is no number."""
        return not text.isdecimal()

    @property
    def size(self) -> str:
        """The machine type."""
        return self.machine_type

    @property
    def larger_size(self) -> str | None:
        """The machine type that the fleet file chooses for the installation."""
        return self.install_type

    @property
    def region(self) -> str:
        """The region the zone lies in: `us-central1-b` is in `us-central1`."""
        return self.zone.rpartition("-")[0]

    @property
    def prepared(self) -> bool:
        """Whether it boots a prepared NixOS, and the installer is skipped."""
        return self.image.startswith("gs://")

    @property
    def address_versions(self) -> frozenset[int]:
        """IPv4 only."""
        return frozenset({4})

    def missing_address_fix(self, machine: str) -> str:
        """Returns what to do without IPv6."""
        del machine
        return "a machine at Google Cloud has an IPv4 address only: remove the record"

    def when_full(self, machine: str, fleet_file: str) -> Iterator[str]:
        """Yields where else the instance could stand, unless its disks bind it to its zone."""
        others = self.fallback_zones or tuple(
            sorted(zone for zone in catalogue.ZONES if zone.startswith(f"{self.region}-") and zone != self.zone)
        )
        yield f"{machine}: the zone {self.zone} has no {self.machine_type} left at the moment."
        if self.disks:
            yield f"    fix: try again later: its disks ({', '.join(self.disks)}) cannot go to another zone"
        else:
            where = f"machines.{machine}.provider in {fleet_file}"
            yield f"    fix: try again later, or write `zone: {others[0]}` under {where}"
            yield f"    other zones{' that the file names' if self.fallback_zones else ''}: {', '.join(others)}"

    def billed(self, machine: str) -> Iterator[Item]:
        """Yields instance, GPUs, disks and IPv4 address."""
        yield Item(machine, "server", self.kind, self.machine_type, self.region)
        if self.accelerator is not None and not catalogue.has_gpus(self.machine_type):
            yield Item(machine, "accelerator", self.kind, self.accelerator.type, self.region, self.accelerator.count)
        yield Item(machine, "disk", self.kind, self.disk_type, self.region, self.disk_gb, BOOT_DISK)
        for name, disk in self.disks.items():
            yield Item(machine, "disk", self.kind, disk.type, self.region, disk.size_gb, name)
        yield Item(machine, "ipv4", self.kind, "", self.region)
