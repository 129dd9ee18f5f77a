"""Tests faults during an installation or reboot of a server, and on Macs."""

import threading
import time

import pytest

from tests.simulated_machines.sites import Site, wait_until

PROFILE = "/nix/var/nix/profiles/system"


def test_a_server_whose_memory_runs_out_during_kexec_hangs_until_it_is_healed(site: Site) -> None:
    site.server("boreas")
    site.fault("boreas", "kexec-oom", times=1)
    with site.started(*site.install_words("boreas")) as (installing, _):
        wait_until(lambda: site.record("boreas")["phase"] == "crashed", "the machine crashed")
        assert "timed out" in site.ssh("boreas", "true", "-o", "ConnectTimeout=1").stderr
        assert installing.poll() is None
    site.heal("boreas")
    assert "ID=debian" in site.ssh("boreas", "cat /etc/os-release").stdout
    assert site.install("boreas").returncode == 0


@pytest.mark.parametrize("step", ["disko", "install"])
def test_an_install_that_is_cut_off_fails_and_a_new_one_succeeds(site: Site, step: str) -> None:
    site.server("boreas")
    site.fault("boreas", "drop-at-step", step, times=1)
    failed = site.install("boreas")
    assert failed.returncode == 1
    assert "failed on boreas with 255" in failed.stderr
    assert site.record("boreas")["installs"] == 0
    assert "VARIANT_ID=installer" in site.ssh("boreas", "cat /etc/os-release").stdout
    assert site.install("boreas").returncode == 0
    assert site.record("boreas")["installs"] == 1


def test_a_kexec_that_is_cut_off_never_happened(site: Site) -> None:
    site.server("boreas")
    site.fault("boreas", "drop-at-step", "kexec", times=1)
    failed = site.install("boreas")
    assert failed.returncode == 1
    assert "Kexec failed" in failed.stderr
    assert "ID=debian" in site.ssh("boreas", "cat /etc/os-release").stdout


def test_a_disk_that_is_full_during_an_install_fails_it(site: Site) -> None:
    site.server("boreas")
    site.fault("boreas", "disk-full", times=1)
    failed = site.install("boreas")
    assert failed.returncode == 1
    assert "error: writing to file: No space left on device" in failed.stderr


def test_a_server_that_hangs_in_its_reboot_boots_what_was_installed_once_it_is_power_cycled(site: Site) -> None:
    spec = site.server("boreas")
    site.fault("boreas", "reboot-hangs", times=1)
    assert site.install("boreas").returncode == 0
    wait_until(lambda: site.record("boreas")["phase"] == "crashed", "the machine hangs")
    assert "timed out" in site.ssh("boreas", "true", "-o", "ConnectTimeout=1").stderr
    site.datacenter.power_off(spec.id)
    site.datacenter.power_on(spec.id)
    assert site.ssh("boreas", "cat /etc/fediversity/identity").stdout == "pantheon/boreas\n"
    before = site.record("boreas")["boot_id"]
    site.ssh("boreas", "reboot")
    wait_until(lambda: site.record("boreas")["boot_id"] != before, "the next reboot is a good one")


def test_a_slow_machine_boots_slowly(site: Site) -> None:
    site.nixos("boreas")
    site.fault("boreas", "slow", "5")
    begun = time.monotonic()
    site.ssh("boreas", "reboot")
    wait_until(lambda: site.ssh("boreas", "true").returncode == 0, "it is back")
    assert time.monotonic() - begun > 5 * 0.3


def test_a_fault_set_before_there_is_a_machine_strikes_it(site: Site) -> None:
    site.cloud.mkdir(parents=True)
    site.faults.set("boreas", "refuse")
    site.server("boreas")
    assert "Connection refused" in site.ssh("boreas", "true").stderr


def test_faults_outlive_the_daemon(site: Site) -> None:
    site.server("boreas")
    site.fault("boreas", "refuse")
    site.datacenter.stop()
    site.datacenter.ensure_on()
    assert "Connection refused" in site.ssh("boreas", "true").stderr


class TestMac:
    @pytest.fixture
    def mac(self, site: Site) -> Site:
        """A Mac with a pinned host key."""
        site.mac("mac")
        site.pin("mac", site.host_key("mac"))
        return site

    def test_sudo_asks_for_a_password_and_nobody_is_there(self, mac: Site) -> None:
        mac.fault("mac", "sudo-password", times=2)
        refused = mac.ssh("mac", "sudo -n true", user="crs58")
        assert (refused.returncode, refused.stderr) == (1, "sudo: a password is required\n")
        update = mac.update("mac", "crs58")
        assert update.returncode == 1
        assert "sudo: a password is required" in update.stderr
        assert mac.ssh("mac", "sudo -n true", user="crs58").returncode == 0

    def test_a_failed_check_leaves_the_profile_new_and_the_running_system_old(self, mac: Site) -> None:
        old = mac.system("mac", user="crs58")
        mac.fault("mac", "switch-fails")
        update = mac.update("mac", "crs58")
        assert update.returncode == 1
        assert "aborting activation" in update.stderr
        assert mac.system("mac", user="crs58") == old
        assert mac.system("mac", PROFILE, user="crs58") != old

    def test_the_former_system_is_restored_by_setting_the_profile_and_activating_it(self, mac: Site) -> None:
        old = mac.system("mac", user="crs58")
        assert mac.update("mac", "crs58").returncode == 0
        assert mac.system("mac", user="crs58") != old
        assert mac.ssh("mac", f"sudo -n nix-env -p {PROFILE} --set {old}", user="crs58").returncode == 0
        assert "must now be run as root" in mac.ssh("mac", f"{old}/activate", user="crs58").stderr
        assert mac.ssh("mac", f"sudo -n {old}/activate", user="crs58").returncode == 0
        assert mac.system("mac", user="crs58") == mac.system("mac", PROFILE, user="crs58") == old

    def test_room_time_and_mesh_are_told_as_macos_tells_them(self, mac: Site) -> None:
        head, row = mac.ssh("mac", "df -k /nix", user="crs58").stdout.splitlines()
        assert head.split()[:5] == ["Filesystem", "1024-blocks", "Used", "Available", "Capacity"]
        assert row.split()[3] == str(30 * 1024 * 1024)
        mac.fault("mac", "disk-full")
        assert mac.ssh("mac", "df -k /nix", user="crs58").stdout.splitlines()[1].split()[3:5] == ["12288", "100%"]
        assert abs(int(mac.ssh("mac", "date +%s", user="crs58").stdout) - time.time()) < 10
        listed = mac.ssh("mac", "sudo -n zerotier-cli listnetworks", user="crs58")
        assert listed.stdout.startswith("200 listnetworks <nwid>")

    def test_whoever_looks_sees_somebody_rebuild_it(self, mac: Site) -> None:
        look = "pgrep -f '[d]arwin-rebuild switch'"
        assert mac.ssh("mac", look, user="crs58").returncode == 1
        mac.fault("mac", "slow", "15")
        update = threading.Thread(target=lambda: mac.update("mac", "crs58"))
        update.start()
        wait_until(lambda: mac.ssh("mac", look, user="crs58").returncode == 0, "it is seen")
        mac.heal("mac")
        update.join()
        assert mac.ssh("mac", look, user="crs58").returncode == 1
        assert mac.ssh("mac", "pgrep -f ssh", user="crs58").returncode == 127

    def test_a_full_disk_fails_what_darwin_rebuild_builds(self, mac: Site) -> None:
        mac.fault("mac", "drop-at-step", "switch", times=1)
        assert mac.update("mac", "crs58").returncode == 1
        mac.fault("mac", "disk-full", times=1)
        update = mac.update("mac", "crs58")
        assert "error: writing to file: No space left on device" in update.stderr
