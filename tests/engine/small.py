"""A small fleet of the embedded cloud for tests that are about what a change does to servers."""

from typing import Any

from tests.engine.checkout import Checkout


def server(**fields: Any) -> dict[str, Any]:
    """A NixOS server at Hetzner, as plain data; `provider` adds to what is usual."""
    provider = {"kind": "hetzner", "server_type": "cx23", "location": "fsn1", **fields.pop("provider", {})}
    ssh = {"user": "root", "port": 2222}
    return {"machineClass": "nixos", "system": "x86_64-linux", "provider": provider, "ssh": ssh, **fields}


def instance(**fields: Any) -> dict[str, Any]:
    """A NixOS instance at Google, as plain data; `provider` adds to what is usual."""
    provider = {"kind": "gcp", "machine_type": "e2-small", "zone": "us-central1-b", **fields.pop("provider", {})}
    ssh = {"user": "root", "port": 2222}
    return {"machineClass": "nixos", "system": "x86_64-linux", "provider": provider, "ssh": ssh, **fields}


def fleet_of(**machines: dict[str, Any]) -> dict[str, Any]:
    """A fleet of these machines and nothing else."""
    return {
        "version": 1,
        "name": "fediversity",
        "domain": "zt",
        "gcp": {"project": "fediversity-dev"},
        "machines": machines,
        "instances": {"doors": {"module": "sshd", "roles": {"server": {"tags": ["nixos"]}}}},
    }


def write_fleet(checkout: Checkout, fleet: dict[str, Any]) -> None:
    """Has a checkout's dev stack be this fleet."""

    def replace(data: dict[str, Any]) -> None:
        data.clear()
        data.update(fleet)

    checkout.edit_fleet(replace)


def protect(checkout: Checkout) -> None:
    """Protects what the dev stack has, as a stack of real servers does."""
    settings = checkout.root / "Pulumi.dev.yaml"
    settings.write_text(settings.read_text().replace("fediversity:protect: false", "fediversity:protect: true"))
