"""A fleet of any size for the embedded cloud: Hetzner and Google servers, Macs, encrypted disks, a few that wait."""

from collections.abc import Iterator
from typing import Any

from tests.rollout.checkout import Checkout

LIMITS = {"installs": 1, "updates": 4, "per_provider": {"hetzner": 3, "gcp": 2, "darwin": 2}}
"""How much may run at once. Smaller for a provider than for all, so that each cap is met."""

_KINDS = ("hetzner", "gcp", "hetzner", "darwin", "hetzner")
_TEMPLATES = {"hetzner": "electrum", "gcp": "galena", "darwin": "rosegold"}
"""Whose modules the machines of each kind get copies of."""


def name_of(number: int) -> str:
    return f"m{number:03}"


def kind_of(number: int) -> str:
    """The kind of provider of a machine: of five, three are at Hetzner, one at Google, and one is a Mac."""
    return _KINDS[number % len(_KINDS)]


def fleet(count: int) -> dict[str, Any]:
    """A fleet file of `count` machines, as plain data. The first controls the mesh; every tenth waits for another."""
    roles = {"controller": {"machines": [name_of(0)]}, "peer": {"tags": ["nixos"]}}
    return {
        "version": 1,
        "name": "large",
        "domain": "large",
        "gcp": {"project": "fediversity-dev"},
        "limits": LIMITS,
        "machines": {name_of(number): _machine(number) for number in range(count)},
        "instances": {
            "mesh": {"module": "zerotier", "roles": roles},
            "doors": {"module": "sshd", "roles": {"server": {"tags": ["nixos"]}}},
            "emergency-access": {"module": "emergency-access", "roles": {"default": {"tags": ["nixos"]}}},
        },
    }


def make_large(checkout: Checkout, count: int) -> None:
    """Gives a checkout a fleet of `count` machines, a module for each, and the hand-off to Nix."""
    modules = checkout.root / "nix" / "modules" / "machines"
    templates = {kind: (modules / f"{name}.nix").read_text() for kind, name in _TEMPLATES.items()}
    for file in modules.glob("*.nix"):
        file.unlink()
    for number in range(count):
        kind = kind_of(number)
        text = templates[kind].replace(_TEMPLATES[kind], name_of(number))
        (modules / f"{name_of(number)}.nix").write_text(text)

    def replace(data: dict[str, Any]) -> None:
        data.clear()
        data.update(fleet(count))

    checkout.edit_fleet(replace)


def _machine(number: int) -> dict[str, Any]:
    return {"after": list(_after(number)), **_SPECIAL[kind_of(number)](number)}


def _after(number: int) -> Iterator[str]:
    if number and number % 10 == 0:
        yield name_of(number - 10)
    if number % 25 == 24:
        yield name_of(number - 7)


def _server(number: int, provider: dict[str, Any]) -> dict[str, Any]:
    server: dict[str, Any] = {
        "machineClass": "nixos",
        "system": "x86_64-linux",
        "tags": ["nixos", "cloud", str(provider["kind"])],
        "provider": provider,
        "ssh": {"user": "root", "port": 2222},
    }
    return server | ({"disk": {"encrypted": True, "unlock_port": 2223}} if number % 4 == 2 else {})


def _hetzner(number: int) -> dict[str, Any]:
    return _server(number, {"kind": "hetzner", "server_type": "cx23", "location": "fsn1", "image": "debian-12"})


def _google(number: int) -> dict[str, Any]:
    return _server(number, {"kind": "gcp", "machine_type": "e2-medium", "zone": "us-central1-b"})


def _mac(number: int) -> dict[str, Any]:
    return {
        "machineClass": "darwin",
        "system": "aarch64-darwin",
        "tags": ["darwin"],
        "provider": {"kind": "darwin", "host": f"{name_of(number)}.large"},
        "ssh": {"user": "cameron", "port": 2222},
        "mesh": "mesh",
    }


_SPECIAL = {"hetzner": _hetzner, "gcp": _google, "darwin": _mac}
