"""Which machines need clan's sshd service, and which keys are the same."""

import pytest

from fediversity.fleet.diagnostics import FleetError
from fediversity.fleet.load import parse_fleet
from tests.fleet.good import GOOD, edited

DOORS = "      server: {tags: [nixos], settings: {certificate: {enable: true}}}\n"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA gardener"
MACS = """\
version: 1
name: desks
domain: mesh
machines:
  moss: {machineClass: darwin, system: aarch64-darwin, provider: {kind: darwin, host: moss.mesh}}
"""


def fields(text: str) -> list[str]:
    """The fields of everything that is wrong with a fleet file."""
    with pytest.raises(FleetError) as refused:
        parse_fleet(text, "fleet.yaml")
    return [problem.field for problem in refused.value.problems]


def test_every_nixos_machine_is_named_that_has_no_host_key_to_be_recognised_by() -> None:
    without = edited(f"  doors:\n    module: sshd\n    roles:\n{DOORS}", "")
    assert fields(without) == ["machines.oak", "machines.elm", "machines.ash"]
    assert fields(edited(DOORS, "      client: {tags: [nixos]}\n")) == ["machines.oak", "machines.elm", "machines.ash"]


def test_several_sshd_instances_may_share_the_machines_and_one_that_is_switched_off_needs_none() -> None:
    several = f"{DOORS.replace('tags: [nixos]', 'machines: [ash]')}"
    several += "  gates: {module: sshd, roles: {server: {machines: [oak, elm]}}}\n"
    fleet = parse_fleet(edited(DOORS, several), "fleet.yaml")
    assert not fleet.machines["yew"].enabled


def test_macs_need_no_sshd_instance() -> None:
    assert set(parse_fleet(MACS, "fleet.yaml").machines) == {"moss"}


def test_a_sshd_instance_that_is_wrong_is_the_only_problem() -> None:
    assert fields(edited("module: sshd", "module: sshdd")) == ["instances.doors.module"]
    assert fields(edited("server: {tags: [nixos]", "server: {machines: [oka]")) == [
        "instances.doors.roles.server.machines[0]"
    ]


def test_keys_that_differ_are_no_double_though_their_comments_are_equal() -> None:
    other = KEY.replace("IA gardener", "IB gardener")
    fleet = parse_fleet(edited(f"- {KEY}\n", f"- {KEY}\n      - {other}\n"), "fleet.yaml")
    assert len(fleet.operators["gardener"].keys) == 2


def test_a_key_without_a_comment_is_the_same_key() -> None:
    text = edited(f"- {KEY}\n", f"- {KEY}\n  helper:\n    keys: [{KEY.removesuffix(' gardener')}]\n", GOOD)
    assert fields(text) == ["operators.helper.keys[0]"]
