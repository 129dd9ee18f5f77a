"""What cannot be rolled out is refused before anything exists. With the real engine."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.rollout.checkout import Checkout, Done
from tests.rollout.conftest import MakeCheckout

pytestmark = pytest.mark.engine

BAD_FLEET = """\
version: 1
name: fediversity
domain: zt
machines:
  cinnabar:
    machineClass: nixos
    system: x86_64-linux
    provider: {kind: hetzner, server_type: cx99, location: fsn1}
    colour: red
  orb-nixos:
    machineClass: nixos
    system: x86_64-linux
    provider: {kind: existing, host: orb.example}
    after: [nobody]
instances:
  doors: {module: sshd, roles: {server: {tags: [nixos]}}}
"""


@pytest.fixture(scope="module")
def bad(make_checkout: MakeCheckout) -> Checkout:
    checkout = make_checkout()
    (checkout.root / "stacks" / "dev.yaml").write_text(BAD_FLEET)
    return checkout


def just_up(checkout: Checkout) -> Done:
    return checkout.just("up")


def plain_up(checkout: Checkout) -> Done:
    return checkout.pulumi("up", "--stack", "dev", "--yes", "--skip-preview")


def plan(checkout: Checkout) -> Done:
    return checkout.run(sys.executable, "-m", "fediversity.cli.main", "plan", "dev")


@pytest.mark.parametrize("start", [just_up, plain_up, plan], ids=lambda start: start.__name__)
def test_a_bad_fleet_file_is_refused_with_every_problem_and_nothing_is_made(
    bad: Checkout, start: Callable[[Checkout], Done]
) -> None:
    before = bad.files()

    done = start(bad)

    assert done.status == 1 if start is not plain_up else done.status != 0
    for place, what in {
        "stacks/dev.yaml:8": "unknown Hetzner server type 'cx99'",
        "stacks/dev.yaml:9": "unknown key 'colour'",
        "stacks/dev.yaml:14": "unknown machine 'nobody'",
    }.items():
        line = next((line for line in done.output.splitlines() if place in line and what in line), None)
        assert line, f"{place} {what} is not in:\n{done.output}"
    assert done.output.count("fix:") == 3
    assert "Traceback" not in done.output
    assert bad.files() == before
    assert bad.processes() == []


def test_a_stale_hand_off_to_nix_is_refused(make_checkout: MakeCheckout) -> None:
    checkout = make_checkout()
    fleet = checkout.root / "stacks" / "dev.yaml"
    fleet.write_text(fleet.read_text().replace("primary]", "main]"))

    done = checkout.just("up")

    assert done.status == 1
    assert "nix/fleet.json" in done.output
    assert "./just render" in done.output
    assert not checkout.stack_dir.exists()


def test_what_the_cloud_would_refuse_is_refused_at_preview_by_the_resource_name(make_checkout: MakeCheckout) -> None:
    checkout = make_checkout()

    def too_small(fleet: dict[str, Any]) -> None:
        fleet["buckets"] = {"fediversity-dev-media": {"location": "europe-west1", "keep_objects": False}}
        fleet["machines"]["orb-nixos"]["provider"]["image"] = "no-such-project/no-such-image"

    checkout.edit_fleet(too_small)

    done = checkout.just("preview")

    assert done.status != 0
    assert "orb-nixos-server" in done.output
    assert "no-such-image" in done.output
    assert not checkout.stack_dir.exists()
