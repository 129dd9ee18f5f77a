"""Tests that `systemctl` and `systemd-run` refuse what the real ones refuse, with the same messages."""

import shlex
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.simulated_machines.sites import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("site")).prepare()
    try:
        made.machine("boreas", "host", "nixos", "x86_64-linux", 4096, "admin")
        yield made
    finally:
        made.datacenter.stop()


REFUSED = {
    "systemctl is-active": "Too few arguments.",
    "systemctl is-active --bogus x": "systemctl: unrecognized option '--bogus'",
    "systemctl is-system-running extra": "Too many arguments.",
    "systemctl stop": "Too few arguments.",
    "systemctl list-units --bogus": "systemctl: unrecognized option '--bogus'",
    "systemctl list-units --failed=1": "systemctl: option '--failed' doesn't allow an argument",
    "systemctl list-units --plain=1": "systemctl: option '--plain' doesn't allow an argument",
    "systemctl --state": "systemctl: option '--state' requires an argument",
    "systemd-run": "Command line to execute required.",
    "systemd-run --bogus true": "systemd-run: unrecognized option '--bogus'",
    "systemd-run --on-active": "systemd-run: option '--on-active' requires an argument",
    "systemd-run -u": "systemd-run: option requires an argument -- 'u'",
    "systemd-run --collect=1 true": "systemd-run: option '--collect' doesn't allow an argument",
    "systemd-run --on-active=5": "Command line to execute required.",
    "systemd-run --pipe --on-active=5 true": "--pty/--pipe is not compatible in timer or --scope mode.",
    "systemd-run --wait --on-active=5 true": "--wait may not be combined with path, socket or timer operations.",
    "systemd-run --timer-property=AccuracySec=1s true": "--timer-property= has no effect without any other "
    "timer options.",
}
"""The refusals of systemd 252 with their messages; the exit status is always 1."""


@pytest.mark.parametrize("command", REFUSED)
def test_what_the_real_one_refuses_is_refused_in_its_words(site: Site, command: str) -> None:
    ours = site.ssh("boreas", command, user="admin")
    assert (ours.returncode, ours.stderr) == (1, f"{REFUSED[command]}\n")


def test_the_real_ones_of_this_computer_say_these_words() -> None:
    if shutil.which("systemctl") is None or shutil.which("systemd-run") is None:
        pytest.skip("this computer has no systemctl and systemd-run")
    for command, words in REFUSED.items():
        real = subprocess.run(
            shlex.split(command), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        assert (real.returncode, real.stderr) == (1, f"{words}\n"), command


@pytest.mark.parametrize(
    ("command", "status", "message"),
    [
        (
            "systemd-run --on-active=5 true",
            1,
            "Failed to start transient timer unit: Interactive authentication required.",
        ),
        ("systemd-run true", 1, "Failed to start transient service unit: Interactive authentication required."),
        ("systemctl stop sshd.service", 4, "Failed to stop sshd.service: Interactive authentication required."),
        ("sudo -n systemd-run --on-active=5x true", 1, "Failed to parse OnActiveSec=5x: Invalid argument"),
        ("sudo -n systemd-run nowhere", 1, "Failed to find executable nowhere: No such file or directory"),
        ("sudo -n systemctl stop nowhere.timer", 5, "Failed to stop nowhere.timer: Unit nowhere.timer not loaded."),
        (
            "systemctl restart sshd",
            127,
            "systemctl: simulated machines do not know these arguments: systemctl restart sshd",
        ),
    ],
)
def test_who_may_not_and_what_is_not_there_is_told(site: Site, command: str, status: int, message: str) -> None:
    answer = site.ssh("boreas", command, user="admin")
    assert (answer.returncode, answer.stderr) == (status, f"{message}\n")


@pytest.mark.parametrize(
    ("command", "status", "output"),
    [
        ("systemctl is-active sshd", 0, "active\n"),
        ("systemctl is-active nowhere.timer", 4, "inactive\n"),
        ("systemctl is-active nowhere.timer sshd.service", 0, "inactive\nactive\n"),
        ("systemctl is-active --quiet sshd.service", 0, ""),
        ("systemctl is-failed sshd.service", 1, "active\n"),
        (
            "systemctl list-units --plain --no-legend 'ssh*.service'",
            0,
            "sshd.service loaded active running SSH Daemon\n",
        ),
        ("systemctl list-units --failed --plain --no-legend --full", 0, ""),
    ],
)
def test_units_are_shown_in_the_real_words(site: Site, command: str, status: int, output: str) -> None:
    answer = site.ssh("boreas", command, user="admin")
    assert (answer.returncode, answer.stdout) == (status, output), answer.stderr


def test_a_service_that_fails_stays_failed_until_it_is_reset_unless_it_is_collected(site: Site) -> None:
    run = "sudo -n systemd-run --pipe --wait --quiet {} --unit=probe -- bash -c 'exit 3'"
    assert site.ssh("boreas", run.format("--collect"), user="admin").returncode == 3
    assert site.ssh("boreas", "systemctl is-failed probe", user="admin").returncode == 4
    assert site.ssh("boreas", run.format(""), user="admin").returncode == 3
    assert site.ssh("boreas", "systemctl is-failed probe", user="admin").stdout == "failed\n"
    assert site.ssh("boreas", "systemctl is-system-running", user="admin").stdout == "degraded\n"
    assert site.ssh("boreas", "sudo -n systemctl reset-failed probe.service", user="admin").returncode == 0
    assert site.ssh("boreas", "systemctl is-system-running", user="admin").stdout == "running\n"
