"""What a simulated machine is made of, and the facts both sides of the control channel agree on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from fediversity.support.errors import FediversityError

SSH_PORT = 2222
"""Where a simulated machine's sshd listens; it stands for port 22, which needs root on the operator's computer."""

UNLOCK_PORT = 2223
"""Where the initrd of an encrypted machine listens until its disk is unlocked."""

Provider = Literal["hetzner", "gcp", "host"]
ImageOs = Literal["debian", "nixos", "darwin"]


class DatacenterError(FediversityError):
    """The simulated datacenter refused or could not do something; the message says what and why."""


@dataclass(frozen=True)
class MachineSpec:
    """A machine as its provider made it.

    `memory_mb` is in MiB, `authorized_keys` maps a login user to OpenSSH public key lines, `root_login` says whether
    sshd lets root in, `bootstrapped` whether a Mac has Nix, nix-darwin and passwordless sudo. `allowed_ports` are the
    TCP ports that the provider's firewall lets in; None means all, and a port outside drops packets silently.
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
        """Plain data for the control channel and `machine.json`."""
        return asdict(self) | {"authorized_keys": {user: list(keys) for user, keys in self.authorized_keys.items()}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "MachineSpec":
        """The reverse of `to_json`. An unknown or missing field is a `DatacenterError`."""
        try:
            return cls(**_typed(data))
        except TypeError as error:
            raise DatacenterError(f"this is no simulated machine: {error}") from None

    def changed(self, changes: Mapping[str, Any]) -> "MachineSpec":
        """The same machine with some fields changed; `CHANGEABLE` says which may change in place."""
        unknown = sorted(set(changes) - CHANGEABLE)
        if unknown:
            raise DatacenterError(
                f"a running machine cannot change its {', '.join(unknown)}, only {', '.join(sorted(CHANGEABLE))}"
            )
        return replace(self, **_typed(changes))


CHANGEABLE = frozenset({"name", "memory_mb", "authorized_keys", "root_login", "allowed_ports"})
"""Fields a machine takes in place. More memory counts from its next boot, as in a cloud."""


def _typed(data: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no tuples; everything else passes as it is."""
    typed = dict(data)
    if "authorized_keys" in typed:
        typed["authorized_keys"] = {user: tuple(keys) for user, keys in typed["authorized_keys"].items()}
    if typed.get("allowed_ports") is not None:
        typed["allowed_ports"] = tuple(typed["allowed_ports"])
    return typed
