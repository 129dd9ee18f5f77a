"""Defines every kind of fault: what it imitates, its parameter, and whether its occurrences can be counted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fediversity.fleet.providers.google.catalogue import ZONES
from fediversity.support.errors import FediversityError

STEPS: Mapping[str, str] = {
    "upload": "secrets are unpacked on the machine (tar)",
    "copy": "store paths arrive (nix-daemon --stdio)",
    "build": "the machine builds its system (nix build, darwin-rebuild)",
    "boot": "the new system becomes the boot default (switch-to-configuration boot)",
    "switch": "the new system is switched to (switch-to-configuration switch, darwin-rebuild switch, activate)",
    "kexec": "the machine leaves for the installer (kexec/run)",
    "facter": "the installer reports the hardware (nixos-facter)",
    "disko": "the disk is erased and formatted (disko)",
    "install": "NixOS is installed (nixos-install)",
    "reboot": "the machine reboots (reboot)",
    "unlock": "the encrypted disk is unlocked (systemctl default in the initrd)",
}
"""Names of stages and the commands that begin them; `fediversity.embedded_cloud.machines.stages` recognizes them."""


class FaultError(FediversityError):
    """An invalid fault; the message says what was given and what is allowed."""


@dataclass(frozen=True)
class Kind:
    """One kind of fault.

    `parameter` is the name of its parameter, which `read` validates; `default` is None if the parameter is required.
    `state` explains why occurrences cannot be counted: the fault is a state of the machine, not an event. `on` limits
    the kind to a class of machines. `api` marks faults of the provider's API, which may also name a resource.
    """

    imitates: str
    parameter: str | None = None
    read: Callable[[str], str] = str
    default: str | None = None
    state: str | None = None
    on: str | None = None
    api: bool = False


def _number(text: str, minimum: float, whole: bool, expected: str) -> str:
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        number = minimum - 1
    if not minimum <= number < float("inf"):
        raise FaultError(f"'{text}' is not {expected}")
    return str(number)


def _bytes(text: str) -> str:
    return _number(text, 0, True, "a number of bytes, 0 or more")


def _factor(text: str) -> str:
    return _number(text, 1, False, "a factor of 1 or more")


def _seconds(text: str) -> str:
    return _number(text, -(10**10), True, "a whole number of seconds, like 3600 or -3600")


def _step(text: str) -> str:
    if text not in STEPS:
        raise FaultError(f"there is no step '{text}'; known: {', '.join(STEPS)}")
    return text


def _zone(text: str) -> str:
    if text not in ZONES:
        raise FaultError(f"'{text}' is not a Google zone, like europe-west1-b")
    return text


def _unit(text: str) -> str:
    stem, _, suffix = text.rpartition(".")
    if not stem or suffix not in ("service", "socket", "mount", "timer") or not text.isascii() or set(text) & set(" /"):
        raise FaultError(f"'{text}' is not the name of a unit, like nginx.service")
    return text


KINDS: Mapping[str, Kind] = {
    "refuse": Kind(
        "sshd is not running: connections are refused",
        state="the machine does not notice refused connections; to cut connections use drop-at-byte 0",
    ),
    "silent": Kind("packets are lost: connections are accepted and never answered"),
    "drop-at-byte": Kind(
        "the network fails: each connection is cut after the machine has sent this number of bytes", "BYTES", _bytes
    ),
    "drop-at-step": Kind("the network fails when a stage begins: the connection is cut", "STEP", _step),
    "host-key": Kind("another machine, or a man in the middle: a different host key is shown"),
    "disk-full": Kind("the disk is full: copies, builds and installs fail with ENOSPC, and df shows it"),
    "kexec-oom": Kind("memory runs out during kexec: the machine hangs until it is power-cycled", on="nixos"),
    "switch-fails": Kind(
        "the activation fails: the profile and the boot default are new, the running system is the old one, exit 4"
        " (on a Mac: exit 2)"
    ),
    "unit-fails": Kind(
        "the switch succeeds, then a unit fails: the system is degraded", "UNIT", _unit, "nginx.service", on="nixos"
    ),
    "network-down": Kind(
        "the new system has no network: open connections stall and new ones are not answered, until the machine runs"
        " a former system"
    ),
    "reboot-hangs": Kind("the machine does not come back from a reboot until it is power-cycled"),
    "slow": Kind("everything on the machine takes FACTOR times as long", "FACTOR", _factor, state="it is permanent"),
    "sudo-password": Kind("sudo requires a password, which no user can enter"),
    "asleep": Kind(
        "the lid is closed: the machine answers nothing until it is woken",
        state="a sleeping machine notices no connections",
    ),
    "clock": Kind("the clock is wrong by SECONDS", "SECONDS", _seconds, state="it is a state of the machine"),
    "zone-full": Kind(
        "a Google zone has no capacity for the machine type: new instances there are refused", "ZONE", _zone
    ),
    "api-429": Kind("the provider's API limits the rate of requests", api=True),
    "api-500": Kind("the provider's API fails", api=True),
    "api-timeout-after-create": Kind("the provider creates the resource, and the answer is lost", api=True),
}


def kind_of(name: str) -> Kind:
    """Returns a kind by name. Raises `FaultError` that lists the known kinds."""
    if name not in KINDS:
        raise FaultError(f"there is no kind of fault '{name}'; known: {', '.join(KINDS)}")
    return KINDS[name]


def read_parameter(name: str, value: str | None) -> str | None:
    """Validates a fault's parameter and returns it in its stored form. Raises `FaultError`."""
    kind = kind_of(name)
    if kind.parameter is None:
        if value is not None:
            raise FaultError(f"'{name}' takes no parameter; found '{value}'")
        return None
    text = kind.default if value is None else value
    if text is None:
        raise FaultError(f"'{name}' needs a parameter: {name} {kind.parameter}")
    return kind.read(text)
