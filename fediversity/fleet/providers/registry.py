"""All providers: what a fleet file may name, and what follows from the list of them.

A new provider is a line in each of the types and tables here. A test checks that none is forgotten.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import Field

from fediversity.fleet.base import Model
from fediversity.fleet.providers.base import CloudProvider, MachineProvider
from fediversity.fleet.providers.google.model import GcpProvider
from fediversity.fleet.providers.hetzner.model import HetznerProvider
from fediversity.fleet.providers.outside import DarwinProvider, ExistingProvider

Provider = Annotated[
    HetznerProvider | GcpProvider | ExistingProvider | DarwinProvider,
    Field(discriminator="kind"),
]
ZoneProvider = Literal["hetzner", "gcp"]
"""The providers that serve DNS zones."""

PROVIDERS: tuple[type[MachineProvider], ...] = get_args(get_args(Provider)[0])
"""The class of each provider."""

CLOUDS: tuple[type[CloudProvider], ...] = tuple(known for known in PROVIDERS if issubclass(known, CloudProvider))
"""The class of each provider that creates machines."""

ZONE_SERVICES: Mapping[str, str] = {
    kind: cloud.zone_service
    for cloud in CLOUDS
    for kind in get_args(cloud.model_fields["kind"].annotation)
    if cloud.zone_service
}
"""What the service for DNS zones of each cloud is called, by the provider's word in a fleet file."""

PLACES = frozenset[str]().union(*(cloud.places for cloud in CLOUDS))
"""Where the things of a fleet may stand, in the words of the clouds."""

SIZES = frozenset[str]().union(*(frozenset(cloud.machine_types) | cloud.accelerators for cloud in CLOUDS))
"""The machine types and GPUs of all clouds."""


class PerProvider(Model):
    """How many installs and updates may run at once with each kind of provider; no cap where none is given."""

    hetzner: int | None = Field(default=None, ge=1)
    gcp: int | None = Field(default=None, ge=1)
    existing: int | None = Field(default=None, ge=1)
    darwin: int | None = Field(default=None, ge=1)
