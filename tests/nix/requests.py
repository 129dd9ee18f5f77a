"""A copy of the flake in which requests are evaluated, with one server that runs nothing but applications."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.nix.evaluation import CHECK, copy_of_the_flake

MACHINE = "orb-nixos"
SECRET = "SECRET-OF-THE-TEST"
"""What every secret var holds: nothing that is evaluated may have it."""

_ADDRESS = {"username": "crs58", "displayName": "Operator", "email": "operator@social.example"}

STORAGE = {"endpoint": "s3.social.example", "region": "garage", "bucket": "uploads"}
MAIL = {"host": "mail.social.example", "port": 587, "from": "social@social.example", "user": "social"}

_SERVER = """
{ config, ... }:
let
  inherit (config) fleet;
  inherit (config.flake.modules) nixos;
in
{
  flake.modules.nixos."machines/orb-nixos" = {
    imports = [
      nixos.base
      nixos.applications
    ];

    networking.hostName = "orb-nixos";
    nixpkgs.hostPlatform = fleet.machines.orb-nixos.system;
    system.stateVersion = "26.05";
  };
}
"""

_VARS = {
    "initial-user": ("per-machine/orb-nixos", ("password",)),
    "secrets": ("per-machine/orb-nixos", ("secret", "app-key")),
    "s3": ("shared", ("access-key-id", "secret-access-key")),
    "mail": ("shared", ("password",)),
}


def request(application: str, **changed: object) -> dict[str, Any]:
    """A request for an application on the one server, with every key written out."""
    return {
        "application": application,
        "machine": MACHINE,
        "enable": True,
        "removeData": False,
        "domain": f"{application}.social.example",
        "initialUser": dict(_ADDRESS),
        "size": "small",
        "storage": None,
        "mail": None,
    } | changed


def flake_with(folder: Path, fleet: Mapping[str, Any], **asked: object) -> Path:
    """A copy of the flake with these deployments in its fleet, a made-up value for each of their secrets, and what a
    test asks of its expression.
    """
    flake = copy_of_the_flake(folder)
    (flake / "modules/machines/orb-nixos.nix").write_text(_SERVER)
    rendered = json.loads((flake / "fleet.json").read_text())
    (flake / "fleet.json").write_text(json.dumps(rendered | {"deployments": fleet}))
    for deployment in ("social", "video", "pictures"):
        for generator, (where, files) in _VARS.items():
            for file in files:
                secret = flake / "vars" / where / f"{deployment}-{generator}" / file / "secret"
                secret.parent.mkdir(parents=True)
                secret.write_text(SECRET)
    (flake / "evaluation.json").write_text(json.dumps({"shared": str(CHECK.resolve().parents[1])} | asked))
    return flake
