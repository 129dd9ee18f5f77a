"""Machines too small for the installer: installed on another type, or booted from a prepared image. The real engine."""

from typing import Any

import pytest

from tests.rollout.checkout import Checkout
from tests.rollout.faults import steps_of
from tests.rollout.small import digest, fleet_of, instance, operations, server, state_of, write_fleet

pytestmark = pytest.mark.engine

SMALL: dict[str, Any] = {"machine_type": "e2-micro", "install_type": "e2-medium"}


def both(**provider: Any) -> dict[str, Any]:
    """A small instance that is encrypted, and a prepared image at each cloud."""
    disk = {"encrypted": True, "unlock_port": 2223}
    return fleet_of(
        tiny=instance(provider={**SMALL, **provider}, disk=disk),
        ready=server(provider={"image": "123456"}),
        cloudy=instance(provider={"machine_type": "e2-micro", "image": "gs://fleet-images/nixos.tar.gz"}),
    )


def test_the_first_preview_shows_the_type_that_the_machine_is_installed_on(checkout: Checkout) -> None:
    write_fleet(checkout, both())
    checkout.must(checkout.pulumi("stack", "init", "dev"))

    steps = {step["urn"].rpartition("::")[2]: step for step in digest(checkout)["steps"]}

    assert steps["tiny-server"]["newState"]["inputs"]["machineType"] == "e2-medium"
    assert "tiny-install" in steps
    for name in ("ready", "cloudy"):
        assert {f"{name}-reach", f"{name}-update"} <= set(steps)
        assert not {f"{name}-install", f"{name}-online"} & set(steps)


def test_it_is_installed_there_and_the_next_up_is_said_to_move_it(checkout: Checkout) -> None:
    output = checkout.must(checkout.just("up"))

    assert "tiny was installed on e2-medium; the next `up` moves it to e2-micro" in output
    assert checkout.machines()["tiny"]["memory_mb"] == 4096


@pytest.mark.parametrize("name", ["ready", "cloudy"])
def test_a_prepared_image_is_not_installed_and_has_its_own_host_key_since_its_first_update(
    name: str, checkout: Checkout
) -> None:
    records = [record for record in checkout.records() if record.machine == name]

    assert [(record.kind, record.outcome) for record in records] == [("reach", "applied"), ("update", "applied")]
    assert checkout.machines()[name]["installs"] == 0
    pinned = (checkout.stack_dir / "known_hosts" / name).read_text().split()[2]
    var = checkout.stack_dir / "cloud" / "flake" / f"vars/per-machine/{name}/openssh/ssh.id_ed25519.pub/value"
    assert pinned == var.read_text().split()[1]
    first = next((checkout.stack_dir / "known_hosts").glob(f"{name}.*.image")).read_text().split()[2]
    assert first != pinned, "the image came with the key of its vars"


def test_the_next_up_moves_it_in_place_and_unlocks_it_again(checkout: Checkout) -> None:
    number = state_of(checkout, "tiny-server")["outputs"]["instanceId"]

    assert operations(checkout) == {"tiny-server": "update", "tiny-unlock": "replace"}
    ran = steps_of(checkout, lambda: checkout.must(checkout.just("up")))

    assert [(record.step, record.outcome) for record in ran] == [("tiny-unlock", "applied")]
    assert state_of(checkout, "tiny-server")["outputs"]["instanceId"] == number
    assert checkout.machines()["tiny"]["memory_mb"] == 1024
    assert checkout.machines()["tiny"]["installs"] == 1
    assert operations(checkout) == {}


def test_a_server_that_is_replaced_is_installed_on_the_larger_type_again(checkout: Checkout) -> None:
    write_fleet(checkout, both(zone="us-central1-c"))

    output = checkout.must(checkout.just("up"))

    assert "server of tiny" in output.partition("DESTROYS")[2]
    assert "tiny was installed on e2-medium; the next `up` moves it to e2-micro" in output
    assert checkout.machines()["tiny"]["installs"] == 1


def test_another_image_in_the_file_changes_nothing_about_a_server_that_is_there(checkout: Checkout) -> None:
    fleet = both(zone="us-central1-c")
    fleet["machines"]["ready"]["provider"]["image"] = "debian-12"
    fleet["machines"]["cloudy"]["provider"]["image"] = "gs://fleet-images/newer.tar.gz"
    write_fleet(checkout, fleet)

    # At Google a newer image is a resource of its own.
    found = {name: operation for name, operation in operations(checkout).items() if not name.startswith("tiny")}
    assert found == {"cloudy-image": "replace"}
