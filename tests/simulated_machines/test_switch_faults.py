"""Tests failed switches: what a machine then runs, boots and reports, and how its rollback guard acts."""

import time

import pytest

from tests.simulated_machines.sites import Done, Site, wait_until

PROFILE = "/nix/var/nix/profiles/system"
SWITCH = "systemd-run --pipe --wait --quiet --collect --no-ask-password --service-type=exec"
GUARD = (
    "systemd-run --unit=fediversity-guard --on-active={seconds} --timer-property=AccuracySec=1s --collect"
    " --no-ask-password {path}-- bash -c"
    """ '{nix_env} -p /nix/var/nix/profiles/system --set "$0" && "$0/bin/switch-to-configuration" switch' {old}"""
)


@pytest.fixture
def host(site: Site) -> Site:
    """A server that runs NixOS."""
    site.nixos("boreas")
    return site


def guard(site: Site, old: str, seconds: str, path: str = "-E PATH ", nix_env: str = "nix-env") -> Done:
    return site.ssh("boreas", GUARD.format(seconds=seconds, path=path, nix_env=nix_env, old=old))


def roll_back(site: Site, old: str) -> None:
    assert site.ssh("boreas", f"nix-env -p {PROFILE} --set {old}").returncode == 0
    done = site.ssh(
        "boreas", f"{SWITCH} --unit=fediversity-rollback-1a2b3c4d -- {old}/bin/switch-to-configuration switch"
    )
    assert done.returncode == 0, done.stderr


def failed_units(site: Site) -> list[str]:
    return site.ssh("boreas", "systemctl list-units --failed --plain --no-legend --full").stdout.splitlines()


def health(site: Site) -> tuple[int, str]:
    answer = site.ssh("boreas", "systemctl is-system-running")
    return answer.returncode, answer.stdout.strip()


def is_active(site: Site, unit: str) -> tuple[int, str]:
    answer = site.ssh("boreas", f"systemctl is-active {unit}")
    return answer.returncode, answer.stdout.strip()


def test_an_activation_that_dies_leaves_profile_and_boot_default_new_and_the_running_system_old(host: Site) -> None:
    old = host.system("boreas")
    host.fault("boreas", "switch-fails")
    update = host.update("boreas")
    assert update.returncode == 1
    assert "activation returned 4" in update.stderr
    assert "warning: the following units failed: sops-install-secrets.service" in update.stderr
    assert host.system("boreas") == old
    new = host.system("boreas", PROFILE)
    assert new != old
    assert host.boot_default("boreas") == new
    assert health(host) == (1, "degraded")
    roll_back(host, old)
    assert host.system("boreas", PROFILE) == host.boot_default("boreas") == old
    assert health(host) == (0, "running")


def test_an_activation_that_dies_once_succeeds_when_clan_tries_it_again(host: Site) -> None:
    host.fault("boreas", "switch-fails", times=1)
    update = host.update("boreas")
    assert update.returncode == 0
    assert "retrying" in update.stderr
    assert health(host) == (0, "running")


def test_each_step_back_and_forth_is_a_generation(host: Site) -> None:
    old = host.system("boreas")
    host.fault("boreas", "switch-fails", times=2)
    host.update("boreas")
    roll_back(host, old)
    assert host.update("boreas").returncode == 0
    generations = host.ssh("boreas", f"nix-env -p {PROFILE} --list-generations").stdout.splitlines()
    assert [line.split()[0] for line in generations] == ["1", "2", "3", "4"]
    assert "(current)" in generations[-1]


def test_a_unit_that_fails_after_a_switch_makes_the_new_system_degraded(host: Site) -> None:
    old = host.system("boreas")
    host.fault("boreas", "unit-fails", "mastodon-web.service")
    assert host.update("boreas").returncode == 0
    new = host.system("boreas")
    assert new != old
    assert health(host) == (1, "degraded")
    assert failed_units(host) == ["mastodon-web.service loaded failed failed mastodon-web (simulated)"]
    assert is_active(host, "mastodon-web.service") == (3, "failed")
    host.ssh("boreas", "reboot")
    wait_until(lambda: health(host) == (1, "degraded"), "it is degraded after a reboot as well")
    roll_back(host, old)
    assert failed_units(host) == []
    assert health(host) == (0, "running")


def test_the_next_configuration_is_well_once_the_fault_is_over(host: Site) -> None:
    host.fault("boreas", "unit-fails", times=1)
    host.update("boreas")
    assert health(host) == (1, "degraded")
    host.edit("boreas")
    host.trust("boreas")
    assert host.update("boreas").returncode == 0
    assert health(host) == (0, "running")


def test_nixops4_meets_the_same_faults(host: Site) -> None:
    assert host.update("boreas").returncode == 0
    old = host.system("boreas")
    host.fault("boreas", "switch-fails")
    path = old.replace("boreas-26.05", "boreas-26.06")
    (host.root("boreas") / path[1:]).parent.mkdir(parents=True, exist_ok=True)
    host.ssh("boreas", f"true {path}")
    _copy_system(host, old, path)
    applied = host.ssh("boreas", f"{path}/bin/apply switch")
    assert applied.returncode == 4
    assert host.system("boreas") == old
    assert host.boot_default("boreas") == path


def _copy_system(site: Site, old: str, new: str) -> None:
    """Creates another system with the same contents."""
    for name in site.root("boreas").joinpath(old[1:]).rglob("*"):
        if name.is_file():
            target = site.root("boreas") / new[1:] / name.relative_to(site.root("boreas") / old[1:])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(name.read_bytes())


class TestGuard:
    def test_it_brings_a_machine_back_whose_new_system_has_no_network_though_the_client_was_killed(
        self, host: Site
    ) -> None:
        old = host.system("boreas")
        host.fault("boreas", "network-down")
        armed = guard(host, old, "6")
        assert armed.stderr.splitlines() == [
            "Running timer as unit: fediversity-guard.timer",
            "Will run service as unit: fediversity-guard.service",
        ]
        assert is_active(host, "fediversity-guard.timer") == (0, "active")
        words = ("clan", "machines", "update", "boreas", "--flake", f"path:{host.flake}")
        with host.started(*words, "--host-key-check", "strict", "--target-host", host.target("boreas")) as (clan, _):
            new = wait_for_another_system(host, old)
            wait_until(lambda: is_silent(host), "nothing answers")
            assert clan.poll() is None  # its connection has stalled; it is killed at the end of the block
        wait_until(lambda: host.ssh("boreas", "true", "-o", "ConnectTimeout=1").returncode == 0, "it is back")
        assert host.system("boreas") == host.system("boreas", PROFILE) == host.boot_default("boreas") == old != new
        assert health(host) == (0, "running")
        assert is_active(host, "fediversity-guard.timer") == (4, "inactive")

    def test_one_that_was_disarmed_does_nothing(self, host: Site) -> None:
        old = host.system("boreas")
        guard(host, old, "2")
        assert host.update("boreas").returncode == 0
        assert host.ssh("boreas", "systemctl stop fediversity-guard.timer").returncode == 0
        again = host.ssh("boreas", "systemctl stop fediversity-guard.timer")
        message = "Failed to stop fediversity-guard.timer: Unit fediversity-guard.timer not loaded.\n"
        assert (again.returncode, again.stderr) == (5, message)
        time.sleep(2)
        assert host.system("boreas") != old
        assert host.record("boreas")["timers"] == []

    def test_a_service_has_no_path_of_its_own_on_nixos(self, host: Site) -> None:
        """systemd on NixOS searches only its own folder, so the guard needs a PATH, or full paths."""
        old = host.system("boreas")
        assert host.update("boreas").returncode == 0
        new = host.system("boreas")
        assert guard(host, old, "0", path="").returncode == 0
        log = host.cloud / "datacenter.log"
        wait_until(lambda: "fediversity-guard.service: nix-env: command not found" in log.read_text(), "it fails")
        assert host.system("boreas") == new
        assert guard(host, old, "0", path="", nix_env='"$0/sw/bin/nix-env"').returncode == 0
        wait_until(lambda: host.system("boreas") == old, "it is back")

    def test_it_waits_on_when_the_daemon_of_the_simulation_is_replaced(self, host: Site) -> None:
        old = host.system("boreas")
        assert host.update("boreas").returncode == 0
        guard(host, old, "2")
        host.datacenter.stop()
        host.datacenter.ensure_on()
        assert is_active(host, "fediversity-guard.timer")[1] in ("active", "inactive")
        wait_until(lambda: host.system("boreas") == old, "it is back")

    def test_a_reboot_loses_it(self, host: Site) -> None:
        old = host.system("boreas")
        assert host.update("boreas").returncode == 0
        new = host.system("boreas")
        guard(host, old, "3")
        host.ssh("boreas", "reboot")
        wait_until(lambda: is_active(host, "fediversity-guard.timer") == (4, "inactive"), "it is gone")
        time.sleep(3)
        assert host.system("boreas") == new

    def test_two_of_one_name_cannot_be(self, host: Site) -> None:
        old = host.system("boreas")
        guard(host, old, "90")
        again = guard(host, old, "90")
        assert again.returncode == 1
        assert again.stderr == (
            "Failed to start transient timer unit: Unit fediversity-guard.timer was already loaded"
            " or has a fragment file.\n"
        )


def is_silent(site: Site) -> bool:
    return "timed out" in site.ssh("boreas", "true", "-o", "ConnectTimeout=1").stderr


def wait_for_another_system(site: Site, old: str) -> str:
    """Reads the disk: the machine cannot be reached."""
    link = site.root("boreas") / "run/current-system"
    wait_until(lambda: str(link.readlink()) != old, "another system runs")
    return str(link.readlink())


def test_a_machine_without_network_has_none_after_a_reboot_either_and_is_healed_on_the_spot(host: Site) -> None:
    old = host.system("boreas")
    host.fault("boreas", "network-down", times=1)
    words = ("clan", "machines", "update", "boreas", "--flake", f"path:{host.flake}")
    with host.started(*words, "--host-key-check", "strict", "--target-host", host.target("boreas")):
        new = wait_for_another_system(host, old)
    host.datacenter.power_off("id-boreas")
    host.datacenter.power_on("id-boreas")
    assert is_silent(host)
    host.heal("boreas")
    assert host.system("boreas") == new


def test_what_systemd_runs_goes_on_when_the_connection_is_cut(host: Site) -> None:
    """As on a real machine, clan starts the switch in a separate unit."""
    old = host.system("boreas")
    host.fault("boreas", "slow", "5")
    host.fault("boreas", "drop-at-step", "switch", times=1)
    update = host.update("boreas")
    assert "Could not acquire lock" in update.stderr  # clan retries at once
    assert update.returncode == 1  # which does not mean that nothing has changed
    wait_until(lambda: host.system("boreas") != old, "it switched all the same")


def test_a_running_switch_shows_as_a_unit_and_keeps_others_out(host: Site) -> None:
    old = host.system("boreas")
    host.fault("boreas", "slow", "10")
    listing = (
        "systemctl list-units --plain --no-legend --state=active,activating 'clan-*.service' 'nixos-rebuild-*.service'"
    )
    switch = f"{SWITCH} --unit={{unit}} -- {old}/bin/switch-to-configuration switch"
    assert host.ssh("boreas", listing).stdout == ""
    with_background = switch.format(unit="clan-switch-boreas-1").replace("--pipe --wait --quiet ", "")
    started = host.ssh("boreas", with_background)
    assert started.stderr.startswith("Running as unit: clan-switch-boreas-1.service; invocation ID: ")
    assert host.ssh("boreas", listing).stdout == (
        f"clan-switch-boreas-1.service loaded active running [systemd-run] {old}/bin/switch-to-configuration switch\n"
    )
    other = host.ssh("boreas", switch.format(unit="clan-switch-boreas-2"))
    assert (other.returncode, other.stderr) == (1, "Could not acquire lock\n")
