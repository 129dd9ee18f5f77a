"""Example Cloud: what it refuses, and what its servers are told."""

import pytest

from fediversity.fleet.diagnostics import FleetError
from fediversity.fleet.load import parse_fleet

FLEET = """
version: 1
name: little
domain: mesh
machines:
  {name}:
    machineClass: nixos
    system: x86_64-linux
    provider: {{kind: example, server_size: {size}, region: north}}
instances: {{sshd: {{module: sshd, roles: {{server: {{tags: [nixos]}}}}}}}}
"""


@pytest.mark.parametrize(
    ("name", "size", "said"),
    [
        ("a-name-too-long", "small", "takes no name of 15 characters"),
        ("oak", "tiny", "unknown Example size 'tiny'"),
        ("oak", "nano", "the NixOS installer needs"),
    ],
)
def test_a_server_that_example_cloud_does_not_take_is_refused(name: str, size: str, said: str) -> None:
    with pytest.raises(FleetError, match=said):
        parse_fleet(FLEET.format(name=name, size=size), "fleet.yaml")


def test_a_server_that_example_cloud_takes_is_loaded() -> None:
    fleet = parse_fleet(FLEET.format(name="oak", size="small"), "fleet.yaml")
    assert fleet.machines["oak"].memory_mb == 4096
