"""Reads the ZeroTier networks that a machine has joined."""

from typing import NamedTuple

from fediversity.steps.transport.ssh import Target

LIST_NETWORKS = ("zerotier-cli", "listnetworks")

_ID_FIELD = 2
_FIELDS_BEHIND_NAME = 5
_NETWORK_BYTES = 11
"""The bytes that all addresses of a network share, as ZeroTier makes them (RFC 4193): fd, the network's id, 99 93."""


class ZeroTierNetwork(NamedTuple):
    """A network that a machine has joined. `status` is e.g. OK or ACCESS_DENIED."""

    id: str
    status: str
    addresses: tuple[str, ...] = ()

    @property
    def own_address(self) -> str | None:
        """The address of the machine that ZeroTier itself made."""
        return next((address for address in self.addresses if address.startswith("fd")), None)


def networks(target: Target) -> tuple[ZeroTierNetwork, ...]:
    """Returns the networks that a machine has joined; none if it has no ZeroTier, or was not reached."""
    answer = target.run(*target.as_root(*LIST_NETWORKS))
    return parse_networks(answer.stdout) if answer.ok else ()


def parse_networks(text: str) -> tuple[ZeroTierNetwork, ...]:
    """Returns the networks from the output of `zerotier-cli listnetworks`.

    A line is `200 listnetworks <nwid> <name> <mac> <status> <type> <dev> <addresses>`; the name may be empty or hold
    spaces, so all but the id is read from the right.
    """
    networks = []
    for line in text.splitlines():
        words = line.split()
        if (
            len(words) > _ID_FIELD + _FIELDS_BEHIND_NAME
            and words[:2] == ["200", "listnetworks"]
            and words[2] != "<nwid>"
        ):
            addresses = tuple(address.partition("/")[0] for address in words[-1].split(",") if address != "-")
            networks.append(ZeroTierNetwork(words[_ID_FIELD], words[-4], addresses))
    return tuple(networks)


def is_in_network_of(address: str) -> bool:
    """Whether this computer has an address in the same ZeroTier network."""
    import ipaddress  # noqa: PLC0415 (slow to load, and most steps do not need it)
    import socket  # noqa: PLC0415

    try:
        other = ipaddress.ip_address(address)
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            # Nothing is sent: the kernel only chooses the address that it would send from.
            probe.connect((address, 9))
            own = ipaddress.ip_address(probe.getsockname()[0].partition("%")[0])
    except (OSError, ValueError):
        return False
    return own.packed[:_NETWORK_BYTES] == other.packed[:_NETWORK_BYTES]
