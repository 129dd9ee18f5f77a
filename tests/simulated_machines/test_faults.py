"""Tests faults of connections with the OpenSSH client, and faults that a machine's own commands show."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from fediversity.embedded_cloud.machines.spec import SSH_PORT
from fediversity.embedded_cloud.tools import transfer
from tests.simulated_machines.sites import Done, Site, wait_until


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server that runs NixOS, and a Mac."""
    made = Site(tmp_path_factory.mktemp("site")).prepare()
    try:
        made.nixos("boreas")
        made.mac("mac")
        yield made
    finally:
        made.datacenter.stop()


@pytest.fixture
def site(host: Site) -> Iterator[Site]:
    """The host without faults, before and after each test."""
    host.trust("boreas")
    yield host
    host.heal()


def knock(site: Site, command: str = "true", seconds: int = 1) -> Done:
    return site.ssh("boreas", command, "-o", f"ConnectTimeout={seconds}")


def test_a_refused_connection_is_refused_until_the_machine_is_healed(site: Site) -> None:
    site.fault("boreas", "refuse")
    for _ in range(2):
        assert "Connection refused" in knock(site).stderr
    site.heal("boreas")
    assert knock(site).returncode == 0


def test_a_fault_for_some_seconds_ends_by_itself(site: Site) -> None:
    site.fault("boreas", "refuse", seconds=0.5)
    assert "Connection refused" in knock(site).stderr
    wait_until(lambda: knock(site).returncode == 0, "the machine answers again")


def test_a_fault_is_noticed_though_nobody_tells_the_daemon(site: Site) -> None:
    site.faults.set("boreas", "refuse")
    wait_until(lambda: "Connection refused" in knock(site).stderr, "the port is closed")


def test_a_silent_machine_takes_connections_and_never_answers(site: Site) -> None:
    site.fault("boreas", "silent", times=1)
    assert "timed out during banner exchange" in knock(site).stderr
    assert knock(site).returncode == 0


@pytest.mark.parametrize("count", [0, 1, 10, 21, 200, 800, 1500])
def test_a_connection_is_cut_after_as_many_bytes_as_were_asked_for(site: Site, count: int) -> None:
    site.fault("boreas", "drop-at-byte", str(count), times=1)
    assert knock(site, seconds=5).returncode == 255
    assert knock(site).returncode == 0


@pytest.mark.parametrize("count", [0, 1, 18, 25, 200])
def test_exactly_the_bytes_asked_for_arrive_before_the_cut(site: Site, count: int) -> None:
    site.fault("boreas", "drop-at-byte", str(count), times=1)
    received = b""
    with socket.create_connection((site.specs["boreas"].address, SSH_PORT), timeout=5) as client:
        try:
            client.sendall(b"SSH-2.0-test\r\n")
            while data := client.recv(100):
                received += data
        except ConnectionError as error:
            reset = error
    assert isinstance(reset, ConnectionResetError)
    assert len(received) == count
    assert received.startswith(b"SSH-2.0-simulated\r\n"[:count])


def test_a_session_is_cut_in_the_middle_of_its_output(site: Site) -> None:
    (site.root("boreas") / "srv").mkdir(exist_ok=True)
    (site.root("boreas") / "srv/big").write_text("x" * 100_000)
    site.fault("boreas", "drop-at-byte", "50000")
    cut = knock(site, "cat /srv/big", 5)
    assert cut.returncode == 255
    # A reset may discard data that the client has not read yet.
    assert len(cut.stdout) < 50_000


def test_a_connection_that_sends_less_than_the_limit_is_spared(site: Site) -> None:
    site.fault("boreas", "drop-at-byte", "1000000")
    assert knock(site, "hostname").stdout == "boreas\n"


def test_a_connection_is_cut_as_the_named_stage_begins_and_at_no_other(site: Site) -> None:
    site.fault("boreas", "drop-at-step", "build", times=1)
    assert knock(site, "hostname").returncode == 0
    update = site.update("boreas")
    assert update.returncode == 1
    assert "nix build failed for 'boreas' (exit code 255)" in update.stderr
    assert site.system("boreas").endswith("-nixos-system-boreas-25.11")


def test_a_copy_that_is_cut_leaves_no_half_a_path(site: Site) -> None:
    path = "/nix/store/00000000000000000000000000000000-half"
    with _session(site, "boreas", "root") as session:
        assert session.stdin is not None
        assert session.stdout is not None
        session.stdin.write(transfer.offer([path]))
        session.stdin.flush()
        assert json.loads(session.stdout.readline()) == {"missing": [path]}
        session.stdin.write(json.dumps({"path": path, "files": [["a", False, 4], ["b", False, 9000]]}).encode())
        session.stdin.write(b"\nabcd" + b"x" * 100)
        session.stdin.flush()
        wait_until((site.root("boreas") / f"{path[1:]}.incoming/a").exists, "the first file")
        session.kill()
    assert knock(site, f"test -e {path}").returncode == 1


def test_a_connection_is_cut_as_a_copy_begins(site: Site) -> None:
    site.edit("boreas")
    site.fault("boreas", "drop-at-step", "copy", times=1)
    update = site.update("boreas")
    assert update.returncode == 1
    assert "cannot open connection to remote store" in update.stderr


def test_another_host_key_is_shown_and_later_the_right_one_again(site: Site) -> None:
    site.fault("boreas", "host-key")
    for _ in range(2):
        assert "Host key verification failed" in site.ssh("boreas", "true", strict=True).stderr
    site.heal("boreas")
    assert site.ssh("boreas", "true", strict=True).returncode == 0
    site.fault("boreas", "host-key", times=1)
    assert site.ssh("boreas", "true", strict=True).returncode == 255
    assert site.ssh("boreas", "true", strict=True).returncode == 0


def test_a_mac_that_sleeps_stalls_what_is_connected_and_answers_nobody(site: Site) -> None:
    with _session(site, "mac", "crs58") as session:
        site.fault("mac", "asleep")
        asleep = site.ssh("mac", "true", "-o", "ConnectTimeout=1", user="crs58")
        assert "timed out" in asleep.stderr
        assert session.poll() is None
        site.heal("mac")
        assert session.wait(10) == 255
    assert site.ssh("mac", "true", user="crs58").returncode == 0


def _session(site: Site, name: str, user: str) -> "subprocess.Popen[bytes]":
    """Starts a session that waits for input; returns once the machine has recorded it."""
    site.ssh(name, "true", user=user)
    before = len(site.connections(name))
    options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
    target = f"{user}@{site.specs[name].address}"
    command = ["ssh", "-F", "none", "-i", str(site.key), *options, "-p", str(SSH_PORT), target, "nix-daemon --stdio"]
    session = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    wait_until(lambda: any(entry["event"] == "exec" for entry in site.connections(name)[before:]), "a session")
    return session


def test_a_slow_machine_takes_its_time_for_everything(site: Site) -> None:
    site.fault("boreas", "slow", "20")
    begun = time.monotonic()
    assert knock(site, "true; true").returncode == 0
    assert time.monotonic() - begun > 2 * 20 * 0.02


def test_a_full_disk_shows_in_df_and_fails_what_is_written(site: Site) -> None:
    assert knock(site, "df --output=avail -B1 /nix/store").stdout == "      Avail\n32212254720\n"
    site.fault("boreas", "disk-full")
    assert knock(site, "df --output=avail -B1 /nix/store").stdout == "   Avail\n12582912\n"
    site.edit("boreas")
    update = site.update("boreas")
    assert update.returncode == 1
    assert "error: writing to file: No space left on device" in update.stderr


def test_a_disk_that_fills_up_with_the_source_fails_the_build(site: Site) -> None:
    site.edit("boreas")
    site.fault("boreas", "drop-at-step", "build", times=1)
    assert site.update("boreas").returncode == 1
    site.fault("boreas", "disk-full", times=1)
    update = site.update("boreas")
    assert "error: writing to file: No space left on device" in update.stderr
    assert "nix build failed for 'boreas' (exit code 1)" in update.stderr


def test_df_of_what_is_not_there_fails_as_gnu_df_does(site: Site) -> None:
    answer = knock(site, "df --output=avail -B1 /nowhere")
    assert (answer.returncode, answer.stderr) == (1, "df: /nowhere: No such file or directory\n")


def test_a_wrong_clock_tells_another_time(site: Site) -> None:
    assert abs(int(knock(site, "date +%s").stdout) - time.time()) < 10
    site.fault("boreas", "clock", "-3600")
    assert abs(int(knock(site, "date +%s").stdout) - (time.time() - 3600)) < 10


def test_memory_is_told_as_linux_tells_it(site: Site) -> None:
    lines = dict(line.split(":") for line in knock(site, "cat /proc/meminfo").stdout.splitlines())
    assert lines["MemTotal"].split() == [str(4096 * 1024), "kB"]
    assert int(lines["MemAvailable"].split()[0]) < 4096 * 1024
