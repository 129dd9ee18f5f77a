"""What a provider is: a base class with everything in which providers differ.

Code outside `fleet/providers` asks a provider these questions and never which provider it is.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from fediversity.fleet.base import Model
from fediversity.fleet.providers.billing import Item
from fediversity.fleet.providers.catalogue import MachineType

if TYPE_CHECKING:
    from fediversity.fleet.model import Fleet


class MachineProvider(Model):
    """Where a machine lives. The defaults are those of a machine that no cloud creates."""

    creates_machines: ClassVar[bool] = False
    """Whether a rollout creates the machine, installs it, and may delete it."""
    runs: ClassVar[Literal["nixos", "darwin"]] = "nixos"
    """The class of the machines that live there."""
    full_error: ClassVar[str] = ""
    """What stands in the error of a cloud whose place has no room for a machine; empty if that is not known."""

    # The word in the fleet file that chooses the provider.
    kind: str

    @classmethod
    def of(cls, provider: "MachineProvider") -> Self:
        """Returns `provider` as one of this class. Raises TypeError if it is of another."""
        if not isinstance(provider, cls):
            raise TypeError(f"a machine of kind {provider.kind}, not one of {cls.__name__}")
        return provider

    @classmethod
    def machines_of(cls, fleet: "Fleet") -> Iterator[tuple[str, Self]]:
        """Yields the machines of a fleet that live there, disabled ones too: name and provider."""
        for name, machine in fleet.machines.items():
            if isinstance(machine.provider, cls):
                yield name, machine.provider

    @property
    def size(self) -> str | None:
        """The machine type; None where no cloud sells the machine."""
        return None

    @property
    def install_size(self) -> str | None:
        """The machine type while NixOS is installed; None where no cloud sells the machine."""
        return None

    @property
    def memory_mb(self) -> int | None:
        """The memory of the machine type in MiB; None where no cloud sells the machine."""
        return None

    @property
    def prepared(self) -> bool:
        """Whether a new machine boots a prepared NixOS, so that the installer is left out."""
        return False

    @property
    def fixed_host(self) -> str | None:
        """The host name or address that the fleet file gives; None where the cloud chooses the address."""
        return None

    @property
    def address_versions(self) -> frozenset[int]:
        """The versions of IP in which the machine has a public address, as far as the fleet knows it."""
        return frozenset()

    @property
    def ipv6_off(self) -> bool:
        """Whether the fleet file switches off an IPv6 address that the cloud would give."""
        return False

    def missing_address_fix(self, machine: str) -> str:
        """Returns what to do about a DNS record that asks `machine` for a type of address it does not have."""
        del machine
        return "write the address under `values:`, or remove the record"

    def when_full(self, machine: str, fleet_file: str) -> Iterator[str]:
        """Yields the lines that tell a person what to do when the place of `machine` has no room for it."""
        del machine, fleet_file
        yield from ()

    def billed(self, machine: str) -> Iterator[Item]:
        """Yields everything of `machine` that the cloud bills."""
        del machine
        yield from ()


class CloudProvider(MachineProvider):
    """A cloud that sells machines: a rollout creates them there."""

    creates_machines: ClassVar[bool] = True
    machine_types: ClassVar[Mapping[str, MachineType]]
    """What is sold, by the cloud's own names."""
    accelerators: ClassVar[frozenset[str]] = frozenset()
    """The GPUs that are sold."""
    places: ClassVar[frozenset[str]]
    """Where things may stand, in the cloud's own words."""
    size_field: ClassVar[str]
    """The key of the fleet file that holds the machine type."""
    zone_service: ClassVar[str] = ""
    """What the cloud's service for DNS zones is called; empty if it serves none."""
    id_form: ClassVar[str]
    """What an id of this cloud looks like, in words."""

    @classmethod
    @abstractmethod
    def is_id(cls, text: str) -> bool:
        """Returns whether a text has the form of an id of this cloud."""

    @property
    @abstractmethod
    def size(self) -> str:
        """The machine type."""

    @property
    @abstractmethod
    def larger_size(self) -> str | None:
        """The larger machine type that the fleet file chooses for the installation."""

    @property
    def install_size(self) -> str:
        """The machine type while NixOS is installed."""
        return self.larger_size or self.size

    @property
    def memory_mb(self) -> int:
        """The memory of the machine type in MiB."""
        return self.machine_types[self.size].memory_mb
