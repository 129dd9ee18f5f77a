"""Tests `clan machines install` and `update`: refusals, and the results of an update on a machine."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import command_lines
from tests.simulated_machines.sites import Site, wait_until


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with the server `boreas` installed and pinned; tests leave it healthy."""
    made = Site(tmp_path_factory.mktemp("site")).prepare()
    try:
        made.server("boreas")
        made.mac("mac")
        assert made.install("boreas").returncode == 0
        made.pin("boreas", made.clan("vars", "get", "boreas", "openssh/ssh.id_ed25519.pub").stdout)
        wait_until(lambda: made.ssh("boreas", "true", strict=True).returncode == 0, "boreas answers")
        yield made
    finally:
        made.datacenter.stop()


@pytest.fixture(autouse=True)
def pinned(site: Site) -> None:
    site.pin("boreas", site.clan("vars", "get", "boreas", "openssh/ssh.id_ed25519.pub").stdout)


def generations(site: Site) -> int:
    listed = site.ssh("boreas", "nix-env -p /nix/var/nix/profiles/system --list-generations").stdout
    return len(listed.splitlines())


def change_module(site: Site, text: str) -> None:
    (site.flake / "modules" / "boreas.nix").write_text(
        f'{{ config, ... }}: {{ flake.modules.nixos."machines/boreas" = {{ imports = [ base ]; x = "{text}"; }}; }}\n'
    )


def test_a_bare_word_is_an_entry_of_the_flake_registry(site: Site) -> None:
    refused = site.tool("clan", "machines", "list", "--flake", "nix", cwd=site.folder)
    assert refused.returncode == 1
    assert "cannot find flake 'flake:nix' in the flake registries" in refused.stderr


def test_a_folder_inside_a_repository_must_be_named_as_a_path(site: Site, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    shutil.copytree(site.flake, tmp_path / "nix")
    refused = site.tool("clan", "machines", "list", "--flake", "./nix", cwd=tmp_path)
    assert refused.returncode == 1
    assert f"{tmp_path}/flake.nix' does not exist" in refused.stderr
    taken = site.tool("clan", "machines", "list", "--flake", f"path:{tmp_path}/nix")
    assert taken.stdout.split() == ["ares", "boreas", "mac"], taken.stderr


def test_an_update_of_the_running_system_changes_nothing_and_succeeds(site: Site) -> None:
    site.update("boreas")
    before = generations(site)
    assert site.update("boreas").returncode == 0
    assert generations(site) == before


def test_a_changed_module_is_a_new_generation_that_runs_and_boots(site: Site) -> None:
    before = generations(site), site.ssh("boreas", "readlink -f /run/current-system").stdout
    change_module(site, "changed")
    done = site.update("boreas")
    assert done.returncode == 0, done.stderr
    after = site.ssh("boreas", "readlink -f /run/current-system").stdout
    assert generations(site) == before[0] + 1
    assert after != before[1]
    assert site.ssh("boreas", "readlink -f /nix/var/nix/profiles/system").stdout == after
    site.ssh("boreas", "reboot")
    wait_until(lambda: site.ssh("boreas", "true").returncode == 0, "boreas is back")
    assert site.ssh("boreas", "readlink -f /run/current-system").stdout == after


def test_an_older_generation_can_be_switched_to(site: Site) -> None:
    change_module(site, "one")
    site.update("boreas")
    before = site.ssh("boreas", "readlink -f /run/current-system").stdout
    change_module(site, "two")
    site.update("boreas")
    assert site.ssh("boreas", "nixos-rebuild switch --rollback").returncode == 0
    assert site.ssh("boreas", "readlink -f /run/current-system").stdout == before
    link = f"/nix/var/nix/profiles/system-{generations(site)}-link/bin/switch-to-configuration"
    assert site.ssh("boreas", f"{link} switch").returncode == 0
    assert site.ssh("boreas", "readlink -f /run/current-system").stdout != before


def test_an_update_is_one_connection_and_the_real_steps_in_order(site: Site) -> None:
    noted = len(site.connections("boreas"))
    assert site.update("boreas").returncode == 0
    entries = site.connections("boreas")[noted:]
    assert [entry["event"] for entry in entries].count("connect") == 1
    commands = [entry["command"] for entry in entries if entry["event"] == "exec"]
    expected = ["tar -C", "nix-daemon --stdio", "nixosConfigurations", "test -e", "nix-env -p", " boot", " switch"]
    assert len(commands) == len(expected)
    assert all(part in command for part, command in zip(expected, commands, strict=True))


def test_no_ssh_process_is_left_behind(site: Site) -> None:
    site.update("boreas")
    address = site.specs["boreas"].address
    wait_until(lambda: not any(address in line for line in command_lines()), "the shared connection ended")


def test_an_update_with_another_host_key_than_the_pinned_is_refused(site: Site) -> None:
    site.pin("boreas", site.host_key("mac"))
    refused = site.update("boreas")
    assert refused.returncode == 1
    assert "Host key verification failed" in refused.stderr
    assert "[boreas] failed with error" in refused.stderr
    assert "1 hosts failed with an error. Check the logs above" in refused.stderr


def test_asking_about_an_unknown_host_key_fails_without_a_terminal(site: Site, tmp_path: Path) -> None:
    target = site.target("boreas").replace(str(site.known_hosts), str(tmp_path / "empty"))
    refused = site.clan("machines", "update", "boreas", "--target-host", target)
    assert refused.returncode == 1
    assert "Host key verification failed" in refused.stderr


def test_a_machine_that_is_away_fails_the_update(site: Site) -> None:
    spec = site.specs["boreas"]
    site.datacenter.power_off(spec.id)
    refused = site.update("boreas")
    site.datacenter.power_on(spec.id)
    assert refused.returncode == 1
    assert "Connection refused" in refused.stderr
    wait_until(lambda: site.ssh("boreas", "true").returncode == 0, "boreas is back")


@pytest.mark.parametrize("verb", ["update", "install", "build"])
def test_an_unknown_machine_is_named_with_those_that_are_alike(site: Site, verb: str) -> None:
    refused = site.clan("machines", verb, "borea", *(["--target-host", "x"] if verb != "build" else []))
    assert refused.returncode == 1
    assert "Machine 'borea' not found. Did you mean: boreas, ares, mac?" in refused.stderr


def test_tags_that_no_machine_has_are_an_error(site: Site) -> None:
    refused = site.clan("machines", "update", "--tags", "nixos", "gpu")
    assert "No machines found with tags: nixos AND gpu" in refused.stderr


def test_one_target_host_cannot_be_for_two_machines(site: Site) -> None:
    refused = site.clan("machines", "update", "ares", "boreas", "--target-host", "root@127.0.0.1")
    assert "Target Host can only be set for one machines" in refused.stderr


def test_a_machine_without_a_target_fails_and_the_others_are_tried(site: Site) -> None:
    refused = site.clan("machines", "update", "ares", "boreas")
    assert refused.returncode == 1
    assert "2 hosts failed" in refused.stderr


def test_a_mac_is_never_installed(site: Site) -> None:
    refused = site.install("mac")
    assert refused.returncode == 1
    assert "Installing macOS machines is not yet supported" in refused.stderr


def test_an_unknown_phase_is_refused(site: Site) -> None:
    before = site.record("boreas")["installs"]
    assert "Unknown phase: format" in site.install("boreas", "--phases", "format").stderr
    assert site.record("boreas")["installs"] == before


def test_a_phase_out_of_order_is_refused(site: Site) -> None:
    assert "needs kexec before it" in site.install("boreas", "--phases", "disko").stderr


def test_an_update_generates_the_vars_of_all_machines_first(site: Site) -> None:
    secret = site.cloud / "flake/vars/per-machine/ares/luks/passphrase/secret"
    secret.unlink(missing_ok=True)
    assert site.update("boreas").returncode == 0
    assert secret.exists()


def test_an_install_writes_its_time_and_the_hardware_report_into_the_overlay(site: Site) -> None:
    inventory = json.loads((site.cloud / "flake" / "inventory.json").read_text())
    report = json.loads((site.cloud / "flake" / "machines" / "boreas" / "facter.json").read_text())
    assert inventory["machines"]["boreas"]["installedAt"] > 1_600_000_000
    assert report["system"] == "x86_64-linux"
    assert report["simulated"] is True


def test_the_generations_of_a_machine_are_a_table(site: Site) -> None:
    shown = site.clan("machines", "generations", "boreas", "--target-host", site.target("boreas"))
    assert shown.stdout.splitlines()[0].startswith("Generation")
    assert "← current" in shown.stdout


def test_the_installer_waits_for_ever_for_a_machine_that_knows_another_key(site: Site, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)
    words = [word if word != str(site.key) else str(stranger) for word in site.install_words("boreas")]
    with site.started(*words) as (installing, log):
        wait_until(lambda: log.read_text().count("Permission denied") > 1, "it tries again")
        assert installing.poll() is None
