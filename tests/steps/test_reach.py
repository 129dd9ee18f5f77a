"""Reaching machines for the first time, and Macs, which have to be prepared by hand."""

import pytest

from fediversity.steps.handlers import reach
from fediversity.steps.job import StepError
from fediversity.steps.transport.ssh import pinned_host_key
from tests.steps.machines import (
    Network,
    Said,
    answers,
    hang_up,
    image_answers,
    new_key,
)
from tests.steps.site import Site

DARWIN = {
    "true": Said(),
    "test -e /run/current-system/sw/bin/darwin-rebuild": Said(),
    "sudo -n true": Said(),
}


def test_a_new_server_is_reached_and_its_key_pinned_for_this_server(site: Site, network: Network) -> None:
    machine = network.machine(image_answers())

    assert reach(site.context("reach", machine, server_id="47/11")).outcome == "applied"

    assert pinned_host_key(site.known_hosts, "cinnabar.47-11.image") == machine.host_public_key
    assert pinned_host_key(site.known_hosts, "cinnabar") is None
    assert machine.commands == ["true"]


def test_a_machine_that_exists_is_reached_and_its_key_pinned_under_its_name(site: Site, network: Network) -> None:
    machine = network.machine(answers())

    reach(site.context("reach", machine))
    machine.turn_on(host_key=new_key())

    with pytest.raises(StepError, match="shows another host key than the pinned one"):
        reach(site.context("reach", machine))


def test_a_machine_that_is_not_there_in_time_is_a_clear_failure(site: Site, network: Network) -> None:
    machine = network.machine({}, on=False)

    with pytest.raises(StepError, match=r"does not answer: .*Connection refused") as caught:
        reach(site.context("reach", machine, timeout=0.5))
    assert "firewall" in caught.value.hint


def test_a_mac_has_to_be_bootstrapped(site: Site, network: Network) -> None:
    machine = network.machine({**DARWIN, "test -e /run/current-system/sw/bin/darwin-rebuild": Said(status=1)})

    with pytest.raises(StepError, match="cinnabar has no nix-darwin yet") as caught:
        reach(site.context("reach", machine, machine_class="darwin", user="crs58"))
    assert "darwin-rebuild -- switch --flake" in caught.value.hint


def test_a_mac_must_not_ask_for_a_password(site: Site, network: Network) -> None:
    machine = network.machine({**DARWIN, "sudo -n true": Said(stderr="sudo: a password is required", status=1)})

    with pytest.raises(StepError, match="cinnabar asks crs58 for a password with sudo"):
        reach(site.context("reach", machine, machine_class="darwin", user="crs58"))


@pytest.mark.parametrize("command", ["test -e /run/current-system/sw/bin/darwin-rebuild", "sudo -n true"])
def test_a_mac_that_goes_away_is_not_taken_for_one_that_lacks_something(
    site: Site, network: Network, command: str
) -> None:
    machine = network.machine({**DARWIN, command: hang_up})

    with pytest.raises(StepError, match="does not answer"):
        reach(site.context("reach", machine, machine_class="darwin", user="crs58"))


def test_a_bootstrapped_mac_is_reached_as_its_user(site: Site, network: Network) -> None:
    machine = network.machine(dict(DARWIN))

    assert reach(site.context("reach", machine, machine_class="darwin", user="crs58")).outcome == "applied"
    assert {asked.user for asked in machine.asked} == {"crs58"}
