"""Machines of Example Cloud, as a fleet file describes them."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from fediversity.fleet.providers.example import catalogue

from fediversity.fleet.base import Listed
from fediversity.fleet.providers.base import CloudProvider
from fediversity.fleet.providers.billing import Item
from fediversity.fleet.providers.catalogue import MachineType

ExampleSize = Annotated[str, Listed("Example size", catalogue.SIZES)]
ExampleRegion = Annotated[str, Listed("Example region", catalogue.REGIONS)]


class ExampleProvider(CloudProvider):
    """A server of Example Cloud."""

    machine_types: ClassVar[Mapping[str, MachineType]] = catalogue.SIZES
    places: ClassVar[frozenset[str]] = catalogue.REGIONS
    size_field: ClassVar[str] = "server_size"
    id_form: ClassVar[str] = "a word that begins with 'srv-'"

    kind: Literal["example"]
    server_size: ExampleSize
    region: ExampleRegion

    @classmethod
    def is_id(cls, text: str) -> bool:
        """Returns whether a text begins as all ids of Example Cloud do."""
        return text.startswith("srv-")

    @property
    def size(self) -> str:
        """The size."""
        return self.server_size

    @property
    def larger_size(self) -> str | None:
        """None: Example Cloud never changes the size of a server."""
        return None

    @property
    def address_versions(self) -> frozenset[int]:
        """IPv4 only."""
        return frozenset({4})

    def billed(self, machine: str) -> Iterator[Item]:
        """Yields the server; its address is free."""
        yield Item(machine, "server", self.kind, self.server_size, self.region)
