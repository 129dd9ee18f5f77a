"""Defines the specification of a simulated machine and the constants that client and daemon share."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from fediversity.support.errors import FediversityError

SSH_PORT = 2222
"""The port of a simulated machine's sshd; it stands for port 22, which needs root on the operator's computer."""

UNLOCK_PORT = 2223
"""The port of an encrypted machine's initrd until its disk is unlocked."""

Provider = Literal["hetzner", "gcp", "host"]
ImageOs = Literal["debian", "nixos", "darwin"]


class DatacenterError(FediversityError):
    """The simulated datacenter refused or failed an operation; the message says what and why."""


@dataclass(frozen=True)
class MachineSpec:
    """A machine as specified by its provider.

    `memory_mb` is in MiB, `authorized_keys` maps a login user to OpenSSH public key lines, `root_login` says whether
    sshd accepts root, `bootstrapped` whether a Mac has Nix, nix-darwin and passwordless sudo. `allowed_ports` are the
    TCP ports that the provider's firewall accepts; None means all. Packets to other ports are dropped silently.
    """

    id: str
    name: str
    provider: Provider
    image_os: ImageOs
    system: str
    memory_mb: int
    address: str
    authorized_keys: Mapping[str, tuple[str, ...]]
    root_login: bool
    hostname: str
    bootstrapped: bool = True
    allowed_ports: tuple[int, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """Returns plain data for the control channel and `machine.json`."""
        return asdict(self) | {"authorized_keys": {user: list(keys) for user, keys in self.authorized_keys.items()}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "MachineSpec":
        """Parses the output of `to_json`. Raises `DatacenterError` for an unknown or missing field."""
        try:
            return cls(**_typed(data))
        except TypeError as error:
            raise DatacenterError(f"this is no simulated machine: {error}") from None

    def changed(self, changes: Mapping[str, Any]) -> "MachineSpec":
        """Returns the machine with changed fields. Raises `DatacenterError` for fields that are not `CHANGEABLE`."""
        unknown = sorted(set(changes) - CHANGEABLE)
        if unknown:
            raise DatacenterError(
                f"a running machine cannot change its {', '.join(unknown)}, only {', '.join(sorted(CHANGEABLE))}"
            )
        return replace(self, **_typed(changes))


CHANGEABLE = frozenset({"name", "memory_mb", "authorized_keys", "root_login", "allowed_ports"})
"""Fields that a running machine accepts. More memory counts from its next boot, as in a cloud."""


def _typed(data: Mapping[str, Any]) -> dict[str, Any]:
    """Converts lists to tuples, which JSON does not have."""
    typed = dict(data)
    if "authorized_keys" in typed:
        typed["authorized_keys"] = {user: tuple(keys) for user, keys in typed["authorized_keys"].items()}
    if typed.get("allowed_ports") is not None:
        typed["allowed_ports"] = tuple(typed["allowed_ports"])
    return typed
