"""Tests SSH to simulated machines with the OpenSSH client: logins, commands, and the connection log."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulated_machines.sites import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server and two Macs that no test changes."""
    made = Site(tmp_path_factory.mktemp("site")).prepare()
    try:
        made.server("ares")
        made.mac("mac")
        made.mac("new", bootstrapped=False)
        yield made
    finally:
        made.datacenter.stop()


def test_the_pinned_host_key_is_accepted_and_another_one_is_not(site: Site) -> None:
    site.pin("ares", site.host_key("ares"))
    assert site.ssh("ares", "true", strict=True).returncode == 0
    site.pin("ares", site.host_key("mac"))
    assert "Host key verification failed" in site.ssh("ares", "true", strict=True).stderr


def test_every_machine_has_a_host_key_of_its_own(site: Site) -> None:
    assert site.host_key("ares") != site.host_key("mac")


def test_a_key_nobody_knows_is_refused(site: Site, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)
    known, site.key = site.key, stranger
    try:
        refused = site.ssh("ares", "true")
    finally:
        site.key = known
    assert refused.returncode == 255
    assert "Permission denied (publickey)" in refused.stderr


@pytest.mark.parametrize(("name", "user"), [("ares", "crs58"), ("mac", "root"), ("mac", "nobody")])
def test_only_the_users_of_a_machine_get_in(site: Site, name: str, user: str) -> None:
    assert site.ssh(name, "true", user=user).returncode == 255


def test_a_server_that_forbids_root_lets_nobody_in_as_root(site: Site) -> None:
    site.server("locked", root_login=False)
    assert "Permission denied" in site.ssh("locked", "true").stderr


def test_an_unknown_command_is_not_found(site: Site) -> None:
    answer = site.ssh("ares", "apt-get update")
    assert (answer.returncode, answer.stderr) == (127, "apt-get: command not found (simulated machine)\n")


def test_known_commands_refuse_arguments_they_do_not_know(site: Site) -> None:
    answer = site.ssh("ares", "uname --all")
    assert answer.returncode == 127
    assert "do not know these arguments: uname --all" in answer.stderr


def test_a_session_without_a_command_is_refused(site: Site) -> None:
    answer = site.ssh("ares", "")
    assert answer.returncode == 1
    assert "no interactive shell" in answer.stderr


@pytest.mark.parametrize(
    ("command", "status", "output"),
    [
        ("true", 0, ""),
        ("exit 3", 3, ""),
        ("hostname", 0, "ares\n"),
        ("uname -s && uname -m", 0, "Linux\nx86_64\n"),
        ("test -e /nowhere && hostname", 1, ""),
        ("test -e /nowhere; hostname", 0, "ares\n"),
        ("test -e /etc/os-release", 0, ""),
        ("readlink -f /etc/../etc/hostname", 0, "/etc/hostname\n"),
        ("readlink -f /no/such/folder", 1, ""),
        ("bash -c 'exec \"$@\"' -- hostname", 0, "ares\n"),
        ("sudo -n hostname", 0, "ares\n"),
        ("id -u", 0, "0\n"),
        ("systemctl is-system-running", 0, "running\n"),
    ],
)
def test_a_debian_server_answers(site: Site, command: str, status: int, output: str) -> None:
    answer = site.ssh("ares", command)
    assert (answer.returncode, answer.stdout) == (status, output), answer.stderr


def test_cat_tells_what_is_missing_and_shows_the_rest(site: Site) -> None:
    answer = site.ssh("ares", "cat /nowhere /etc/hostname")
    assert (answer.returncode, answer.stdout) == (1, "ares\n")
    assert answer.stderr == "cat: /nowhere: No such file or directory\n"


def test_no_path_leads_out_of_the_machine(site: Site) -> None:
    outside = site.key.relative_to("/")
    assert site.ssh("ares", f"cat ../../../../../../../../{outside}").returncode == 1


def test_the_cloud_image_says_what_it_is_and_that_it_is_simulated(site: Site) -> None:
    release = site.ssh("ares", "cat /etc/os-release").stdout
    assert "ID=debian" in release
    assert "simulated" in release


def test_debian_has_no_nix(site: Site) -> None:
    assert site.ssh("ares", "nix --version").returncode == 127


def test_a_mac_is_no_linux(site: Site) -> None:
    assert site.ssh("mac", "uname -s; uname -m", user="crs58").stdout == "Darwin\narm64\n"
    assert site.ssh("mac", "systemctl is-system-running", user="crs58").returncode == 127
    assert site.ssh("mac", "cat /proc/meminfo", user="crs58").returncode == 1


def test_the_owner_of_a_mac_is_root_by_sudo_only(site: Site) -> None:
    assert site.ssh("mac", "id -u; sudo -n id -u", user="crs58").stdout == "501\n0\n"
    assert site.ssh("mac", "cat /etc/ssh/ssh_host_ed25519_key", user="crs58").returncode == 1
    assert site.ssh("mac", "sudo -n cat /etc/ssh/ssh_host_ed25519_key", user="crs58").returncode == 0


def test_a_mac_that_is_not_bootstrapped_has_no_nix_and_asks_for_a_password(site: Site) -> None:
    assert site.ssh("new", "test -e /run/current-system/sw/bin/darwin-rebuild", user="crs58").returncode == 1
    assert "a password is required" in site.ssh("new", "sudo -n true", user="crs58").stderr
    assert site.ssh("new", "bash -lc 'exec nix-daemon --stdio'", user="crs58").returncode == 127


def test_connections_logins_and_commands_are_written_down(site: Site) -> None:
    site.server("noted")
    site.ssh("noted", "true", user="stranger")
    site.ssh("noted", "hostname")
    noted = [(entry["event"], entry["user"], entry["command"]) for entry in site.connections("noted")]
    assert noted == [
        ("connect", None, None),
        ("auth", "stranger", None),
        ("connect", None, None),
        ("auth", "root", None),
        ("exec", "root", "hostname"),
    ]
    assert {entry["port"] for entry in site.connections("noted")} == {2222}
    assert [entry["accepted"] for entry in site.connections("noted") if entry["event"] == "auth"] == [False, True]


def test_several_commands_share_a_connection_when_the_client_asks_for_it(site: Site, tmp_path: Path) -> None:
    site.server("shared")
    control = ("-o", "ControlMaster=auto", "-o", "ControlPersist=10", "-o", f"ControlPath={tmp_path}/c")
    for _ in range(3):
        assert site.ssh("shared", "true", *control).returncode == 0
    site.ssh("shared", "true", *control, "-O", "exit")
    events = [entry["event"] for entry in site.connections("shared")]
    assert (events.count("connect"), events.count("exec")) == (1, 3)


def test_unpacking_refuses_an_archive_with_a_link(site: Site, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    archive = subprocess.run(["tar", "-C", str(tmp_path), "-czf-", "link"], capture_output=True, check=True).stdout
    command = ["ssh", "-F", "none", "-i", str(site.key), "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"]
    target = ["-o", "UserKnownHostsFile=/dev/null", "-p", "2222", f"root@{site.specs['ares'].address}"]
    refused = subprocess.run([*command, *target, "tar -C /etc -xzf -"], input=archive, capture_output=True, check=False)
    assert refused.returncode == 2
    assert b"neither a file nor a folder" in refused.stderr
