"""Simulates building a machine's system from a flake source (`nix build …toplevel`).

A system is a folder in a store with the files that steps read, programs that the machine's interpreter recognizes by
their first line, and the manifest `simulated.json`, which describes the activation.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fediversity.embedded_cloud.tools.errors import ToolError
from fediversity.embedded_cloud.tools.flake import Flake, Membership
from fediversity.embedded_cloud.tools.store import store_path, write_path

RELEASE = "26.05"
MANIFEST = "simulated.json"
PROGRAM = "#!simulated "
"""The first line of a program in the simulated store: this, followed by the name of the interpreter's command."""

File = tuple[str, str, bool]


Requests = Mapping[str, Mapping[str, Any]]
"""Deployment requests by name, as in `fleet.json`."""


def system_path(flake: Flake, machine: str, requests: Requests | None = None) -> str:
    """Returns the store path of a machine's system, which depends on the machine's fingerprint and its deployments.

    `requests` are the deployments on the machine, by default those of `fleet.json`.
    """
    digest = flake.fingerprint(machine)
    if flake.is_darwin(machine):
        return store_path(digest, f"darwin-system-{RELEASE}")
    requests = flake.deployments_on(machine) if requests is None else requests
    return store_path(_digest(digest, requests) if requests else digest, f"nixos-system-{machine}-{RELEASE}")


def build(flake: Flake, machine: str, store: Path, requests: Requests | None = None) -> str:
    """Builds the system of a machine into the folder `store` and returns its store path.

    `requests` are the deployments on the machine, by default those of `fleet.json`. Raises `ToolError` if a real
    evaluation would fail: for an unknown machine or a public var that is not generated.
    """
    if machine not in flake.machines:
        raise ToolError(f"error: flake '{flake.folder}' does not provide a configuration of the machine '{machine}'")
    requests = flake.deployments_on(machine) if requests is None else requests
    path = system_path(flake, machine, requests)
    files = _darwin_files(flake, machine) if flake.is_darwin(machine) else _nixos_files(flake, machine, requests)
    write_path(store, path, files)
    return path


def _digest(fingerprint: str, requests: Requests) -> str:
    import hashlib  # noqa: PLC0415  most machines have no deployment

    return hashlib.sha256(f"{fingerprint}\0{json.dumps(requests, sort_keys=True)}".encode()).hexdigest()


def _nixos_files(flake: Flake, machine: str, requests: Requests) -> Iterator[File]:
    entry = flake.machines[machine]
    yield "nixos-version", f"{RELEASE}.simulated", False
    yield "system", entry["system"], False
    yield "bin/switch-to-configuration", f"{PROGRAM}switch-to-configuration\n", True
    yield "etc/hostname", f"{machine}\n", False
    yield "etc/os-release", _OS_RELEASE, False
    yield "etc/fediversity/identity", f"{flake.name}/{machine}\n", False
    yield "bin/apply", f"{PROGRAM}apply\n", True
    for name, request in sorted(requests.items()):
        if request["enable"]:
            text = json.dumps({"name": name, "simulated": True, **request}, indent=2, sort_keys=True)
            yield f"etc/fediversity/deployments/{name}.json", text + "\n", False
    manifest = _manifest(flake, machine) | {"applications": _applications(requests)}
    yield MANIFEST, json.dumps(manifest, indent=2, sort_keys=True) + "\n", False


def _applications(requests: Requests) -> dict[str, dict[str, bool]]:
    """Returns for each application whether it runs and whether its data is removed."""
    return {
        request["application"]: {"enable": request["enable"], "removeData": request["removeData"]}
        for request in requests.values()
    }


def _darwin_files(flake: Flake, machine: str) -> Iterator[File]:
    yield "darwin-version", f"{RELEASE}.simulated", False
    yield "system", flake.machines[machine]["system"], False
    yield "activate", f"{PROGRAM}activate\n", True
    yield "sw/bin/darwin-rebuild", f"{PROGRAM}darwin-rebuild\n", True
    yield "etc/fediversity/identity", f"{flake.name}/{machine}\n", False
    instance = flake.machines[machine]["mesh"]
    network = public_var(flake, f"shared/zerotier-network-{instance}/network-id", default="") if instance else ""
    manifest = {
        "machine": machine,
        "class": "darwin",
        "zerotier": [_network_entry(instance, network)] if network else [],
    }
    yield MANIFEST, json.dumps(manifest, sort_keys=True) + "\n", False


_OS_RELEASE = f"""\
ID=nixos
NAME=NixOS
PRETTY_NAME="NixOS {RELEASE} (simulated)"
VERSION_ID="{RELEASE}"
"""


def _manifest(flake: Flake, machine: str) -> dict[str, Any]:
    members = flake.memberships(machine)
    return {
        "machine": machine,
        "class": "nixos",
        "encrypted": flake.machines[machine]["encrypted"],
        "authorizedKeys": _authorized_keys(members),
        "hostKeyVar": any(member.module == "sshd" and member.role == "server" for member in members),
        "zerotier": [_network(flake, instance) for instance in _zerotier_instances(members)],
        "controls": {
            member.instance: _controller_settings(flake, member)
            for member in members
            if member.module == "zerotier" and member.role == "controller"
        },
    }


def _authorized_keys(members: list[Membership]) -> dict[str, list[str]]:
    """Returns the keys of the login users, as the users and sshd services configure them."""
    keys: dict[str, list[str]] = {}
    for member in members:
        if member.module == "users" and member.settings.get("systemUser", True):
            user = member.settings.get("user", member.instance)
            keys.setdefault(user, []).extend(
                member.settings.get("openssh", {}).get("authorizedKeys", {}).get("keys", [])
            )
        elif member.module == "sshd" and member.role == "server":
            keys.setdefault("root", []).extend(member.settings.get("authorizedKeys", {}).values())
    return keys


def _zerotier_instances(members: list[Membership]) -> list[str]:
    return sorted({member.instance for member in members if member.module == "zerotier"})


def _network(flake: Flake, instance: str) -> dict[str, Any]:
    return _network_entry(instance, public_var(flake, f"shared/zerotier-network-{instance}/network-id"))


def _network_entry(instance: str, network: str) -> dict[str, Any]:
    return {"instance": instance, "network": network}


def _controller_settings(flake: Flake, member: Membership) -> dict[str, Any]:
    """Returns the configuration of an instance's controller: the admitted members, and whether the network is public.

    Members of the inventory and the Macs of the mesh are admitted by address. A member without a generated address is
    left out, as in the real service.
    """
    machines = {name for role in ("controller", "peer", "moon") for name in flake.holders(member.instance, role)}
    machines |= set(flake.macs_of(member.instance))
    ips = [
        public_var(flake, f"shared/zerotier-ip-{name}-{member.instance}/ip", default="") for name in sorted(machines)
    ]
    return {
        "public": bool(member.settings.get("public", False)),
        "ips": [ip for ip in [*member.settings.get("allowedIps", []), *ips] if ip],
        "ids": list(member.settings.get("allowedIds", [])),
    }


def public_var(flake: Flake, relative: str, default: str | None = None) -> str:
    """Returns the value of a public var in the flake's source, or the default. Raises `ToolError` without either."""
    try:
        return (flake.folder / "vars" / relative / "value").read_text().strip()
    except FileNotFoundError:
        if default is not None:
            return default
        name = "/".join(relative.rsplit("/", 2)[-2:])
        raise ToolError(f"error: the var {name} has not been generated yet; run `clan vars generate`") from None
