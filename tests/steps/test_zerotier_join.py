"""Joining the mesh: the Mac joins, the controller admits it, each by the right command."""

from typing import Any

import pytest

from fediversity.steps.act import zerotier_join
from fediversity.steps.act.zerotier_join import join
from fediversity.steps.context import StepContext
from fediversity.steps.job import StepError
from fediversity.steps.specs import MachineSpec
from fediversity.steps.transport.ssh import pin_host_key
from tests.steps.machines import Network, Said, Script, ScriptedMachine, hang_up, in_turn
from tests.steps.site import Site

NETWORK_ID = "8056c2e21c000001"
NODE = "0123456789"
HEADER = "200 listnetworks <nwid> <name> <mac> <status> <type> <dev> <ZT assigned ips>\n"
ALLOW = f"zerotier-members --network-id {NETWORK_ID} allow {NODE}"


def listed(status: str | None, name: str = "") -> Said:
    line = f"200 listnetworks {NETWORK_ID} {name} 5e:ed:00:00:00:01 {status} PRIVATE feth1234 -\n"
    other = "200 listnetworks ffffffffffffffff other 5e:ed:00:00:00:02 OK PRIVATE feth4321 10.0.0.2/24\n"
    return Said(HEADER + other + (line if status else ""))


def mac(network: Network, *statuses: str | None, script: dict[str, Script] | None = None) -> ScriptedMachine:
    """A Mac that shows these states of the network one after the other."""
    usual: dict[str, Script] = {
        "true": Said(),
        "sudo -n zerotier-cli info": Said(f"200 info {NODE} 1.16.0 ONLINE\n"),
        "sudo -n zerotier-cli listnetworks": in_turn(*(listed(status) for status in statuses)),
        f"sudo -n zerotier-cli join {NETWORK_ID}": Said("200 join OK\n"),
    }
    return network.machine(usual | (script or {}))


def controller(network: Network, said: Script | None = None) -> ScriptedMachine:
    return network.machine({ALLOW: said or Said("200 OK\n")})


def context(
    site: Site, machine: ScriptedMachine, controls: ScriptedMachine, controller_user: str = "root", **more: Any
) -> StepContext[Any]:
    site.clan(vars_={"cinnabar/zerotier-network-zerotier-local/network-id": f"{NETWORK_ID}\n"})
    pin_host_key(site.known_hosts, "blackphos", machine.host_public_key)
    pin_host_key(site.known_hosts, "cinnabar", controls.host_public_key)
    given: dict[str, Any] = {
        "machine": "blackphos",
        "machine_class": "darwin",
        "user": "crs58",
        "instance": "zerotier-local",
        "controller": MachineSpec("cinnabar", controls.address, user=controller_user, port=controls.port),
    }
    return site.context("join", machine, subject="blackphos", **given | more)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zerotier_join, "_PAUSE_SECONDS", 0.05)


def test_a_mac_joins_and_is_admitted(site: Site, network: Network) -> None:
    machine = mac(network, None, "REQUESTING_CONFIGURATION", "ACCESS_DENIED", "OK")
    controls = controller(network)

    result = join(context(site, machine, controls))

    assert result.outcome == "applied"
    assert result.reason == "blackphos joined zerotier-local and cinnabar admitted it"
    assert f"sudo -n zerotier-cli join {NETWORK_ID}" in machine.commands
    assert controls.commands == [ALLOW]
    assert {asked.user for asked in machine.asked} == {"crs58"}


def test_a_member_is_left_as_it_is(site: Site, network: Network) -> None:
    machine, controls = mac(network, "OK"), controller(network)

    result = join(context(site, machine, controls))

    assert (result.outcome, result.reason) == ("unchanged", "blackphos is a member of zerotier-local")
    assert f"sudo -n zerotier-cli join {NETWORK_ID}" not in machine.commands
    assert controls.commands == []


def test_a_mac_that_joined_before_but_was_not_admitted_is_admitted(site: Site, network: Network) -> None:
    controls = controller(network)

    assert join(context(site, mac(network, "ACCESS_DENIED", "OK"), controls)).outcome == "applied"
    assert controls.commands == [ALLOW]


@pytest.mark.parametrize("name", ["zerotier-local", "a name of three words"])
def test_the_name_of_the_network_does_not_hide_its_status(site: Site, network: Network, name: str) -> None:
    script: dict[str, Script] = {"sudo -n zerotier-cli listnetworks": listed("OK", name)}

    assert join(context(site, mac(network, script=script), controller(network))).outcome == "unchanged"


def test_root_needs_no_sudo(site: Site, network: Network) -> None:
    machine = network.machine(
        {
            "true": Said(),
            "zerotier-cli info": Said(f"200 info {NODE} 1.16.0 ONLINE\n"),
            "zerotier-cli listnetworks": listed("OK"),
        }
    )

    assert join(context(site, machine, controller(network), user="root")).outcome == "unchanged"


def test_a_controller_that_is_not_entered_as_root_is_asked_with_sudo(site: Site, network: Network) -> None:
    controls = network.machine({f"sudo -n {ALLOW}": Said("200 OK\n")})

    assert join(context(site, mac(network, None, "OK"), controls, controller_user="admin")).outcome == "applied"


@pytest.mark.parametrize(
    "info",
    [
        Said(stderr="sudo: zerotier-cli: command not found", status=1),
        Said(stderr="zsh: command not found: zerotier-cli", status=127),
        Said("200 info\n"),
        Said("Error connecting to the ZeroTier service: connection failed\n", status=1),
    ],
)
def test_a_mac_without_zerotier_is_told_what_to_do(site: Site, network: Network, info: Said) -> None:
    machine = mac(network, None, script={"sudo -n zerotier-cli info": info})

    with pytest.raises(StepError, match="blackphos has no working ZeroTier") as caught:
        join(context(site, machine, controller(network)))
    assert "brew install --cask zerotier-one" in caught.value.hint


def test_a_mac_that_asks_for_a_password_is_told_apart(site: Site, network: Network) -> None:
    info = Said(stderr="sudo: a password is required", status=1)
    machine = mac(network, None, script={"sudo -n zerotier-cli info": info})

    with pytest.raises(StepError, match="blackphos asks crs58 for a password with sudo"):
        join(context(site, machine, controller(network)))


def test_a_mac_that_is_not_admitted_in_time_is_a_clear_failure(site: Site, network: Network) -> None:
    machine = mac(network, None, "ACCESS_DENIED")

    with pytest.raises(StepError, match="blackphos joined, but the mesh says ACCESS_DENIED") as caught:
        join(context(site, machine, controller(network), timeout=0.5))
    assert f"zerotier-members --network-id {NETWORK_ID} list" in caught.value.hint


def test_a_controller_that_refuses_is_quoted(site: Site, network: Network) -> None:
    refuses = Said("the zerotier daemon returned this error: 404 Not Found\n", status=1)

    with pytest.raises(StepError, match="on cinnabar exited with 1: the zerotier daemon returned this error: 404"):
        join(context(site, mac(network, None), controller(network, refuses)))


def test_a_controller_out_of_reach_is_named(site: Site, network: Network) -> None:
    controls = controller(network, hang_up)

    with pytest.raises(StepError, match=f"root@{controls.address} port {controls.port} does not answer"):
        join(context(site, mac(network, None), controls))


def test_a_mac_that_goes_away_is_not_taken_for_one_without_zerotier(site: Site, network: Network) -> None:
    machine = mac(network, None, script={"sudo -n zerotier-cli info": hang_up})

    with pytest.raises(StepError, match="does not answer"):
        join(context(site, machine, controller(network)))
