"""The dev stack's fleet file holds the fleet it is meant to hold, and what was impossible in its plan is refused."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from fediversity.fleet.diagnostics import FleetError
from fediversity.fleet.load import load_fleet, parse_fleet
from fediversity.fleet.providers.google.model import GcpProvider
from fediversity.fleet.providers.hetzner.model import HetznerProvider
from fediversity.fleet.providers.outside import DarwinProvider
from tests.fleet.good import GOOD, edited, line_of

FILE = Path(__file__).parents[2] / "stacks" / "dev.yaml"
TEXT = FILE.read_text()
FLEET = load_fleet(FILE)


def refused(old: str, new: str) -> str:
    with pytest.raises(FleetError) as error:
        parse_fleet(edited(old, new, TEXT), "dev.yaml")
    return str(error.value)


def models(value: Any) -> list[BaseModel]:
    """Every model inside a value, the value itself included."""
    if isinstance(value, BaseModel):
        fields = (getattr(value, name) for name in type(value).model_fields)
        return [value, *(model for field in fields for model in models(field))]
    if isinstance(value, dict):
        return [model for inner in value.values() for model in models(inner)]
    return [model for inner in value for model in models(inner)] if isinstance(value, tuple) else []


def test_the_machines_are_there_with_their_classes() -> None:
    assert {name: machine.machineClass for name, machine in FLEET.enabled_machines.items()} == {
        "cinnabar": "nixos",
        "orb-nixos": "nixos",
        "blackphos": "darwin",
        "rosegold": "darwin",
        "argentum": "darwin",
        "stibnite": "darwin",
    }


def test_the_machines_have_their_tags_and_the_computed_ones() -> None:
    assert {name: machine.all_tags for name, machine in FLEET.enabled_machines.items()} == {
        "cinnabar": {"all", "nixos", "vps", "cloud", "hetzner"},
        "orb-nixos": {"all", "nixos", "vps", "cloud", "gcp"},
        "blackphos": {"all", "darwin", "workstation"},
        "rosegold": {"all", "darwin", "workstation"},
        "argentum": {"all", "darwin", "workstation"},
        "stibnite": {"all", "darwin", "workstation", "primary"},
    }


def test_cinnabar_is_a_cx53_at_hetzner_with_an_encrypted_disk() -> None:
    provider = FLEET.machines["cinnabar"].provider
    assert isinstance(provider, HetznerProvider)
    assert (provider.server_type, provider.location) == ("cx53", "fsn1")
    assert FLEET.machines["cinnabar"].memory_mb == 32 * 1024
    assert FLEET.machines["cinnabar"].disk.encrypted


def test_orb_nixos_is_at_google_on_a_type_that_can_be_installed() -> None:
    provider = FLEET.machines["orb-nixos"].provider
    assert isinstance(provider, GcpProvider)
    assert (provider.machine_type, provider.zone, provider.region) == ("e2-medium", "us-central1-b", "us-central1")


def test_e2_micro_is_refused_with_what_the_installer_needs_and_what_is_enough() -> None:
    message = refused("machine_type: e2-medium", "machine_type: e2-micro")
    line = line_of("machine_type: e2-medium", TEXT)
    assert f"dev.yaml:{line}: machines.orb-nixos.provider.machine_type: 'e2-micro' has 1024 MiB of memory" in message
    assert "the NixOS installer needs 1536" in message
    assert "the smallest that can be installed is 'g1-small'" in message


def test_the_macs_are_reached_as_their_own_users_and_join_the_mesh_by_themselves() -> None:
    macs = {name: machine for name, machine in FLEET.machines.items() if machine.is_mac}
    assert {name: machine.ssh.user for name, machine in macs.items()} == {
        "blackphos": "crs58",
        "rosegold": "cameron",
        "argentum": "cameron",
        "stibnite": "crs58",
    }
    assert all(isinstance(machine.provider, DarwinProvider) for machine in macs.values())
    assert {machine.mesh for machine in macs.values()} == {"zerotier-local"}


def test_the_service_instances_are_there_with_who_holds_their_roles() -> None:
    held = {
        name: {role: FLEET.members(assignment) for role, assignment in instance.roles.items()}
        for name, instance in FLEET.instances.items()
    }
    servers = ("cinnabar", "orb-nixos")
    assert held == {
        "emergency-access": {"default": servers},
        "sshd-clan": {"server": servers, "client": servers},
        "zerotier-local": {"controller": ("cinnabar",), "peer": servers},
        "users-crs58": {"default": servers},
        "users-root": {"default": ("cinnabar",)},
    }


@pytest.mark.parametrize("instance", ["emergency-access", "sshd-clan", "zerotier-local"])
def test_a_service_without_darwin_module_is_refused_on_the_macs(instance: str) -> None:
    body = TEXT[TEXT.index(f"  {instance}:\n") :]
    role = body[: body.index("tags: [nixos]") + len("tags: [nixos]")]
    message = refused(role, role.replace("tags: [nixos]", "tags: [all]"))
    assert "has no darwin module and would do nothing on blackphos, rosegold, argentum, stibnite" in message


def test_the_order_between_machines_is_the_one_of_the_migration() -> None:
    assert FLEET.machines["rosegold"].after == FLEET.machines["argentum"].after == ("blackphos",)
    assert FLEET.machines["stibnite"].after == ("tag:cloud", "rosegold", "argentum")
    assert FLEET.deploying_machine == "stibnite"


def test_there_are_zones_at_both_providers_a_bucket_and_an_application() -> None:
    assert {zone.provider for zone in FLEET.dns.zones.values()} == {"hetzner", "gcp"}
    assert list(FLEET.buckets) == ["fediversity-dev-media"]
    assert {name: (entry.application, entry.machine) for name, entry in FLEET.deployments.items()} == {
        "social": ("mastodon", "orb-nixos")
    }


def test_the_spare_server_and_the_nodes_for_heavier_work_are_switched_off() -> None:
    off = [name for name, machine in FLEET.machines.items() if not machine.enabled]
    assert off == ["electrum", "galena", "scheelite"]


def test_every_model_of_a_fleet_is_frozen_and_refuses_unknown_keys() -> None:
    found = models(parse_fleet(GOOD, "fleet.yaml")) + models(FLEET)
    assert {type(model).__name__ for model in found} >= {
        *("Fleet", "Machine", "HetznerProvider", "GcpProvider", "ExistingProvider", "DarwinProvider", "FirewallRule"),
        *(
            "Ssh",
            "Disk",
            "Instance",
            "RoleAssignment",
            "Dns",
            "Zone",
            "Record",
            "Bucket",
            "Deployment",
            "InitialUser",
            "Storage",
            "Mail",
        ),
        *("Gcp", "Operator"),
    }
    for model in found:
        name = next(iter(type(model).model_fields))
        with pytest.raises(ValidationError, match="frozen"):
            setattr(model, name, None)
        assert type(model).model_config["extra"] == "forbid"


def test_the_same_text_gives_equal_fleets() -> None:
    assert parse_fleet(TEXT, "a.yaml") == parse_fleet(TEXT, "b.yaml") == FLEET
