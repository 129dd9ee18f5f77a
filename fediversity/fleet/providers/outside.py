"""Machines that no cloud creates: servers that are there already, and Macs."""

from typing import ClassVar, Literal

from fediversity.fleet.base import is_address
from fediversity.fleet.providers.base import MachineProvider
from fediversity.fleet.providers.network_fields import Host


class ExistingProvider(MachineProvider):
    """A NixOS machine that somebody else made; nothing is created or destroyed for it."""

    kind: Literal["existing"]
    host: Host
    """A host name or an address, without user and port."""

    @property
    def fixed_host(self) -> str:
        """The host that the fleet file gives."""
        return self.host

    @property
    def address_versions(self) -> frozenset[int]:
        """The version of the host, if it is an address and no name."""
        return frozenset(version for version in (4, 6) if is_address(self.host, version))


class DarwinProvider(MachineProvider):
    """A Mac, set up by hand once: Nix, the first `darwin-rebuild switch`, ZeroTier, passwordless sudo."""

    runs: ClassVar[Literal["nixos", "darwin"]] = "darwin"

    kind: Literal["darwin"]
    host: Host
    """A host name or an address, without user and port."""

    @property
    def fixed_host(self) -> str:
        """The host that the fleet file gives."""
        return self.host
