"""clan's services, as far as a fleet file may use them: their roles, and which machines they can configure.

Source: clan-core `clanServices/` of 2026-08. A service that has no darwin module does nothing at all on a Mac, without
a word, and a Mac in a zerotier role even breaks the way clan finds every other machine. So that is refused here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Role:
    """A role of a service: how many machines may and must hold it."""

    at_least: int = 0
    at_most: int | None = None


@dataclass(frozen=True)
class Service:
    """A clan service: its roles, and whether it has a module for darwin machines."""

    roles: Mapping[str, Role]
    darwin: bool = False


def _service(*roles: str, darwin: bool = False) -> Service:
    return Service(MappingProxyType({role: Role() for role in roles}), darwin)


SSHD = "sshd"
ZEROTIER = "zerotier"

SERVICES: Mapping[str, Service] = MappingProxyType(
    {
        "emergency-access": _service("default"),
        SSHD: _service("server", "client"),
        ZEROTIER: Service(
            MappingProxyType({"controller": Role(at_least=1, at_most=1), "peer": Role(), "moon": Role(at_most=4)})
        ),
        "users": _service("default"),
        "wifi": _service("default"),
        "borgbackup": _service("server", "client"),
        "monitoring": _service("server", "client"),
        "garage": _service("default"),
        "internet": _service("default"),
        "tor": _service("server", "client"),
        "trusted-nix-caches": _service("default"),
        "wireguard": _service("controller", "peer", darwin=True),
    }
)

SETTINGS: Mapping[tuple[str, str], frozenset[str] | None] = MappingProxyType(
    {
        ("emergency-access", "default"): frozenset(),
        (SSHD, "server"): frozenset({"authorizedKeys", "generateRootKey", "hostKeys", "certificate"}),
        (SSHD, "client"): frozenset({"certificate"}),
        (ZEROTIER, "controller"): frozenset({"allowedIps", "allowedIds", "public"}),
        (ZEROTIER, "peer"): frozenset({"orbitMoons"}),
        (ZEROTIER, "moon"): frozenset({"stableEndpoints"}),
        ("users", "default"): frozenset({"user", "systemUser", "prompt", "groups", "share", "identity", "openssh"}),
    }
)
"""The settings a role knows, where this project knows them all; a role that is not listed takes any."""
