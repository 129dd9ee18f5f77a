"""All problems that forbid to change a machine are found at once, before anything is changed."""

from typing import Any

import pytest

from fediversity.steps.arguments import parse
from fediversity.steps.handlers import update
from fediversity.steps.job import StepError
from fediversity.steps.observe.preflight import require_memory
from fediversity.steps.transport.ssh import pin_host_key
from tests.steps.living import ARM_GUARD, Living
from tests.steps.machines import Network, Said, Script, hang_up, in_turn
from tests.steps.site import Site

UPDATE = ("clan", "machines", "update", "cinnabar")


def refused(
    site: Site, network: Network, living: Living, more: dict[str, Script] | None = None, **job: Any
) -> StepError:
    """How the update of a machine is refused; the tool must not have run."""
    site.clan()
    machine = living.machine(network, mac=job.get("machine_class") == "darwin", more=more)
    pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)
    with pytest.raises(StepError) as caught:
        update(site.context("update", machine, UPDATE, **{"server_id": "4711", **job}))
    assert site.clan_calls == []
    assert caught.value.reason.endswith("; nothing was changed")
    assert not any("systemd-run" in line for line in machine.commands)
    return caught.value


def test_a_machine_that_calls_itself_something_else_is_refused(site: Site, network: Network) -> None:
    error = refused(site, network, Living(), {"hostname": Said("orb-nixos\n")})

    assert "calls itself 'orb-nixos', not 'cinnabar'" in error.reason


def test_a_machine_that_gets_its_name_by_this_update_may_have_another_one_yet(site: Site, network: Network) -> None:
    living = Living(identity=None)
    machine = living.machine(network, more={"hostname": Said("nixos\n")})
    pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)
    site.clan("exit 1\n")

    with pytest.raises(StepError, match="was not changed"):
        update(site.context("update", machine, UPDATE, server_id="4711"))
    assert site.clan_calls == ["machines update cinnabar"]


def test_a_full_store_is_refused_with_how_to_make_room(site: Site, network: Network) -> None:
    error = refused(site, network, Living(free=1024**3))

    assert "cinnabar has 1.0 GiB left in its store, and an update needs 2" in error.reason
    assert "nix-collect-garbage" in error.hint


def test_contact_that_is_lost_before_anything_is_changed_is_taken_up_again(site: Site, network: Network) -> None:
    site.clan()
    arm = f"{ARM_GUARD} …"
    living = Living()
    guarding = living.machine(network).answers[arm]
    machine = living.machine(
        network, more={"hostname": in_turn(hang_up, Said("cinnabar\n")), arm: in_turn(hang_up, guarding)}
    )
    pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)

    assert update(site.context("update", machine, UPDATE, server_id="4711")).outcome == "unchanged"

    assert site.clan_calls == ["machines update cinnabar"]
    assert site.log_text.count("it is asked again") == 2


def test_contact_that_stays_lost_before_anything_is_changed_is_a_failure(site: Site, network: Network) -> None:
    site.clan()
    machine = Living().machine(network, more={"hostname": hang_up})
    pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)

    with pytest.raises(StepError, match="does not answer"):
        update(site.context("update", machine, UPDATE, server_id="4711"))
    assert site.clan_calls == []


@pytest.mark.parametrize(("skew", "word"), [(3600, "ahead"), (-3600, "behind")])
def test_a_wrong_clock_is_refused(site: Site, network: Network, skew: int, word: str) -> None:
    error = refused(site, network, Living(skew=skew))

    assert f"the clock of cinnabar is {3600} s {word}" in error.reason or "3599 s" in error.reason
    assert "timedatectl" in error.hint


def test_another_deployment_at_work_is_waited_for_and_then_refused(site: Site, network: Network) -> None:
    error = refused(site, network, Living(busy=["clan-switch-cinnabar-1.service"]), patience=0.001)

    assert "another deployment is at work on cinnabar: clan-switch-cinnabar-1.service" in error.reason
    assert "systemctl status clan-switch" in error.hint


def test_all_that_is_wrong_is_said_at_once(site: Site, network: Network) -> None:
    error = refused(site, network, Living(free=0, skew=-7200), {"hostname": Said("orb-nixos\n")})

    for word in ("calls itself", "GiB left", "behind"):
        assert word in error.reason


def test_a_mac_that_asks_for_a_password_or_is_not_bootstrapped_is_refused(site: Site, network: Network) -> None:
    more: dict[str, Script] = {
        "sudo -n true": Said(stderr="sudo: a password is required", status=1),
        "test -e /run/current-system/sw/bin/darwin-rebuild": Said(status=1),
    }
    error = refused(site, network, Living(), more, machine_class="darwin", user="crs58", server_id=None)

    assert "asks crs58 for a password with sudo" in error.reason
    assert "cinnabar has no nix-darwin yet" in error.reason


def test_a_mac_that_somebody_rebuilds_is_waited_for_and_then_refused(site: Site, network: Network) -> None:
    more: dict[str, Script] = {"pgrep -f '[d]arwin-rebuild switch'": Said("812\n")}

    error = refused(site, network, Living(), more, machine_class="darwin", user="crs58", patience=0.001)

    assert "another deployment is at work on cinnabar: darwin-rebuild" in error.reason
    assert "`pgrep -fl darwin-rebuild`" in error.hint
    assert "waiting for darwin-rebuild on cinnabar" in site.log_text


def test_a_mac_with_a_full_disk_is_refused(site: Site, network: Network) -> None:
    living = Living(free=1024**3)

    assert "1.0 GiB left" in refused(site, network, living, machine_class="darwin", user="crs58").reason


def test_a_build_host_is_refused_for_a_mac_because_that_would_be_switched_in_its_place() -> None:
    words = ["update", "blackphos", "--stack", "dev", "--class", "darwin", "--", "clan", "machines", "update"]

    for build_host in (["--build-host", "localhost"], ["--build-host=localhost"]):
        with pytest.raises(StepError, match="would switch the build host instead of the Mac"):
            parse([*words, *build_host], {})


@pytest.mark.parametrize("kilobytes", [1010000, 1400000])
def test_a_server_with_too_little_memory_is_refused_before_kexec(site: Site, network: Network, kilobytes: int) -> None:
    machine = network.machine({"cat /proc/meminfo": Said(f"MemTotal:  {kilobytes} kB\nMemFree: 1 kB\n")})

    with pytest.raises(StepError, match="MiB of memory, and the NixOS installer needs 1536"):
        require_memory(site.target(machine))


@pytest.mark.parametrize("said", [Said("MemTotal:  1530000 kB\n"), Said("MemTotal: much\n"), Said(status=1)])
def test_a_server_with_enough_memory_or_that_does_not_say_may_be_installed(
    site: Site, network: Network, said: Said
) -> None:
    require_memory(site.target(network.machine({"cat /proc/meminfo": said})))
