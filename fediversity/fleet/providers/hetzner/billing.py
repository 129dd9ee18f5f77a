"""What Hetzner bills of a state: readers for each resource type that costs something.

A property that is missing in the state leaves the thing without a price.
"""

from collections.abc import Iterator

from fediversity.fleet.providers.billing import Item, State, last_part, own_name, owner_of, whole


def server(name: str, found: State) -> Iterator[Item]:
    """Yields a server and its backups."""
    owner, kind, location = owner_of(name, "server"), last_part(found, "serverType"), last_part(found, "location")
    yield Item(owner, "server", "hetzner", kind, location)
    if found.get("backups") is True:
        yield Item(owner, "backup", "hetzner", kind, location)


def address(name: str, found: State) -> Iterator[Item]:
    """Yields an IPv4 address; IPv6 networks are free."""
    if found.get("type") != "ipv6":
        yield Item(owner_of(name, "address"), "ipv4", "hetzner", "", last_part(found, "location"))


def volume(name: str, found: State) -> Iterator[Item]:
    """Yields a volume."""
    owner, size = owner_of(name, "volume"), whole(found.get("size"))
    yield Item(owner, "volume", "hetzner", "", last_part(found, "location"), size, own_name(name, "volume"))


def zone(name: str, found: State) -> Iterator[Item]:
    """Yields a DNS zone."""
    del found
    yield Item(owner_of(name, "zone"), "zone", "hetzner", "", "")
