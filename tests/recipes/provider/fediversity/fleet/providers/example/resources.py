"""The resource types of Pulumi's package for Example Cloud."""

from collections.abc import Iterator

from fediversity.fleet.providers.billing import Item, State, last_part, owner_of
from fediversity.fleet.providers.resource_type import CloudResources, ResourceType


def _billed(name: str, found: State) -> Iterator[Item]:
    size, region = last_part(found, "serverSize"), last_part(found, "region")
    yield Item(owner_of(name, "server"), "server", "example", size, region)


RESOURCES = CloudResources(
    package="example",
    places={"region": "region"},
    sizes={"serverSize": "server_size"},
    types=(
        ResourceType(
            "example:index/server:Server",
            word="server",
            role="server",
            kept_by={"deleteProtection": True},
            labelled=True,
            size="serverSize",
            billed=_billed,
        ),
    ),
)
