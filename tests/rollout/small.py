"""A small fleet of the embedded cloud for tests that are about what a change does to servers."""

import base64
import hashlib
import json
from typing import Any

from tests.rollout.checkout import Checkout


def public_key(of: str) -> str:
    """An SSH public key in its right form, of which nobody has the private half."""
    kind = b"ssh-ed25519"
    blob = len(kind).to_bytes(4, "big") + kind + (32).to_bytes(4, "big") + hashlib.sha256(of.encode()).digest()
    return f"{kind.decode()} {base64.b64encode(blob).decode()} {of}"


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


def operations(checkout: Checkout) -> dict[str, str]:
    """What the engine's preview would do, by the resource's name; what stays as it is left out."""
    return {
        step["urn"].rpartition("::")[2]: step["op"]
        for step in digest(checkout)["steps"]
        if step["op"] != "same" and not step["urn"].endswith("::fleet-vars")
    }


def digest(checkout: Checkout) -> dict[str, Any]:
    """The engine's preview as it prints it for programs."""
    output = checkout.run("pulumi", "preview", "--json", "--stack", "dev").output
    found: dict[str, Any] = json.JSONDecoder().raw_decode(output[output.index("{") :])[0]
    return found


def state_of(checkout: Checkout, name: str) -> dict[str, Any]:
    """A resource of the engine's state, by its name in the program."""
    (found,) = (item for item in checkout.resources() if item["urn"].endswith(f"::{name}"))
    return found


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
