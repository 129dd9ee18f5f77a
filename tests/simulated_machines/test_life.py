"""Tests the life cycle of simulated servers: image, installer, NixOS, locked and unlocked."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from fediversity.embedded_cloud.machines.spec import UNLOCK_PORT
from tests.simulated_machines.sites import Done, Site, wait_until


@dataclass(frozen=True)
class Installed:
    """A site with both servers installed; `ares` has an encrypted disk and waits for its passphrase."""

    site: Site
    logs: dict[str, Done]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    site = Site(tmp_path_factory.mktemp("site")).prepare()
    try:
        for name in ("ares", "boreas"):
            site.server(name)
        logs = {name: site.install(name) for name in ("ares", "boreas")}
        yield Installed(site, logs)
    finally:
        site.datacenter.stop()


def unlock(site: Site, passphrase: str, terminal: str = "force") -> Done:
    option = ("-o", f"RequestTTY={terminal}")
    return site.ssh("ares", "systemctl default", *option, port=UNLOCK_PORT, stdin=f"{passphrase}\n")


def var(site: Site, machine: str, name: str) -> str:
    return site.clan("vars", "get", machine, name).stdout


def test_an_installed_server_has_the_host_key_of_its_vars(installed: Installed) -> None:
    site = installed.site
    assert installed.logs["boreas"].returncode == 0, installed.logs["boreas"].stderr
    site.pin("boreas", var(site, "boreas", "openssh/ssh.id_ed25519.pub"))
    wait_until(lambda: site.ssh("boreas", "true", strict=True).returncode == 0, "boreas answers")


def test_an_installed_server_is_this_fleets_machine(installed: Installed) -> None:
    site = installed.site
    wait_until(lambda: "ID=nixos" in site.ssh("boreas", "cat /etc/os-release").stdout.split(), "boreas runs NixOS")
    assert site.ssh("boreas", "cat /etc/fediversity/identity").stdout == "pantheon/boreas\n"
    assert site.ssh("boreas", "hostname").stdout == "boreas\n"
    system = site.ssh("boreas", "readlink -f /run/current-system").stdout.strip()
    assert system.endswith("-nixos-system-boreas-26.05")
    assert site.ssh("boreas", "readlink -f /nix/var/nix/profiles/system").stdout.strip() == system


def test_secrets_are_on_the_machine_and_only_roots(installed: Installed) -> None:
    site = installed.site
    path = "run/secrets/vars/per-machine/boreas/openssh/ssh.id_ed25519"
    wait_until((site.root("boreas") / path).is_file, "secrets are there")
    assert site.ssh("boreas", f"cat /{path}").stdout == var(site, "boreas", "openssh/ssh.id_ed25519")
    assert (site.root("boreas") / path).stat().st_mode & 0o777 == 0o400


def test_no_secret_was_ever_part_of_a_command(installed: Installed) -> None:
    site = installed.site
    secrets = [path.read_text().strip() for path in (site.cloud / "flake" / "vars").glob("**/secret")]
    commands = " ".join(str(entry["command"]) for name in ("ares", "boreas") for entry in site.connections(name))
    assert len(secrets) > 5
    assert not [secret for secret in secrets if secret in commands]
    logs = " ".join(done.stdout + done.stderr for done in installed.logs.values())
    assert not [secret for secret in secrets if secret in logs]


def test_an_install_is_counted_and_says_when_and_by_whom(installed: Installed) -> None:
    site = installed.site
    record = site.record("boreas")
    (entry,) = record["install_log"]
    listed = subprocess.run(["ssh-keygen", "-lf", str(site.key)], capture_output=True, text=True, check=True).stdout
    assert record["installs"] == 1
    assert entry["started"] <= entry["completed"]
    assert entry["by"] in listed


def test_an_encrypted_server_answers_in_its_initrd_only_until_it_is_unlocked(installed: Installed) -> None:
    site = installed.site
    site.pin("ares", var(site, "ares", "initrd-ssh/id_ed25519.pub"))
    wait_until(lambda: site.ssh("ares", "true", port=UNLOCK_PORT, strict=True).returncode == 0, "the initrd answers")
    assert "Connection refused" in site.ssh("ares", "true").stderr
    assert site.ssh("ares", "hostname", port=UNLOCK_PORT).returncode == 127

    without_terminal = unlock(site, var(site, "ares", "luks/passphrase"), terminal="no")
    assert without_terminal.returncode == 1
    assert "no terminal" in without_terminal.stderr
    assert unlock(site, "wrong").returncode == 1
    assert site.record("ares")["phase"] == "initrd"

    assert unlock(site, var(site, "ares", "luks/passphrase")).returncode == 0
    site.pin("ares", var(site, "ares", "openssh/ssh.id_ed25519.pub"))
    wait_until(lambda: site.ssh("ares", "true", strict=True).returncode == 0, "ares answers")
    assert "Connection refused" in site.ssh("ares", "true", port=UNLOCK_PORT).stderr

    before = site.ssh("ares", "cat /proc/sys/kernel/random/boot_id").stdout
    site.ssh("ares", "reboot")
    wait_until(lambda: site.ssh("ares", "true", port=UNLOCK_PORT).returncode == 0, "it waits again after a reboot")
    assert unlock(site, var(site, "ares", "luks/passphrase")).returncode == 0
    wait_until(lambda: site.ssh("ares", "true").returncode == 0, "ares answers again")
    assert site.ssh("ares", "cat /proc/sys/kernel/random/boot_id").stdout != before


def test_a_reboot_keeps_the_disk_and_forgets_the_rest(site: Site) -> None:
    site.server("ares")
    before = site.ssh("ares", "cat /proc/sys/kernel/random/boot_id").stdout
    site.ssh("ares", "mkdir -p /srv/kept && mkdir -p /run/lost")
    assert site.ssh("ares", "reboot").returncode == 255
    wait_until(lambda: site.ssh("ares", "true").returncode == 0, "it is back")
    assert site.ssh("ares", "test -d /srv/kept").returncode == 0
    assert site.ssh("ares", "test -d /run/lost").returncode == 1
    assert site.ssh("ares", "cat /proc/sys/kernel/random/boot_id").stdout != before


def test_installing_again_erases_the_disk(site: Site) -> None:
    site.server("boreas")
    assert site.install("boreas").returncode == 0
    wait_until(lambda: site.ssh("boreas", "mkdir -p /srv/precious").returncode == 0, "boreas answers")
    assert site.install("boreas").returncode == 0
    wait_until(lambda: site.ssh("boreas", "true").returncode == 0, "boreas answers again")
    assert site.ssh("boreas", "test -e /srv/precious").returncode == 1
    assert site.record("boreas")["installs"] == 2


def test_a_server_with_too_little_memory_crashes_and_answers_nothing_until_it_is_power_cycled(site: Site) -> None:
    spec = site.server("boreas", memory_mb=1024)
    with site.started(*site.install_words("boreas")) as (installing, _):
        wait_until(lambda: site.record("boreas")["phase"] == "crashed", "the machine crashed")
        wait_until(lambda: site.connections("boreas")[-1]["event"] == "connect", "the installer knocks in vain")
        assert installing.poll() is None
    assert "out of memory" in (site.cloud / "datacenter.log").read_text()
    assert "timed out" in site.ssh("boreas", "true", "-o", "ConnectTimeout=1").stderr
    assert site.record("boreas")["installs"] == 0
    site.datacenter.power_off(spec.id)
    site.datacenter.power_on(spec.id)
    assert "ID=debian" in site.ssh("boreas", "cat /etc/os-release").stdout


def test_a_server_that_lost_power_between_formatting_and_installing_has_nothing_to_boot(site: Site) -> None:
    spec = site.server("boreas")
    assert site.install("boreas", "--phases", "kexec,disko").returncode == 0
    site.datacenter.power_off(spec.id)
    site.datacenter.power_on(spec.id)
    assert site.record("boreas")["phase"] == "crashed"
    assert "no bootable disk" in (site.cloud / "datacenter.log").read_text()


def test_a_daemon_that_restarts_in_the_middle_of_an_install_brings_the_installer_back(site: Site) -> None:
    site.server("boreas")
    assert site.install("boreas", "--phases", "kexec,disko").returncode == 0
    site.datacenter.stop()
    site.datacenter.ensure_on()
    assert site.install("boreas", "--phases", "install,reboot").returncode == 0
    wait_until(lambda: site.ssh("boreas", "test -e /etc/fediversity/identity").returncode == 0, "boreas runs NixOS")
    assert site.record("boreas")["installs"] == 1


def test_an_existing_nixos_server_belongs_to_nobody_until_it_is_updated(site: Site) -> None:
    site.machine("boreas", "host", "nixos", "x86_64-linux", 4096, "root")
    assert "ID=nixos" in site.ssh("boreas", "cat /etc/os-release").stdout
    assert site.ssh("boreas", "cat /etc/fediversity/identity").returncode == 1
    site.pin("boreas", site.host_key("boreas"))
    assert site.update("boreas").returncode == 0
    assert site.ssh("boreas", "cat /etc/fediversity/identity").stdout == "pantheon/boreas\n"
    assert site.record("boreas")["installs"] == 0


def test_a_killed_install_leaves_a_machine_that_can_be_installed(site: Site) -> None:
    site.server("boreas")
    with site.started(*site.install_words("boreas")):
        wait_until(lambda: site.record("boreas")["phase"] == "installer", "the installer runs")
    assert site.install("boreas").returncode == 0
    wait_until(lambda: site.ssh("boreas", "test -e /etc/fediversity/identity").returncode == 0, "boreas runs NixOS")
