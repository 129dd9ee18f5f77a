"""SSH to machines: the real OpenSSH client against servers on loopback with scripted answers."""

import socket
import threading
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from fediversity.steps.job import StepError, StopError
from fediversity.steps.observe.host_facts import unreachable
from fediversity.steps.transport import ssh
from fediversity.steps.transport.cancellation import Cancellation
from fediversity.steps.transport.ssh import Target
from tests.steps.machines import Asked, Network, Said, hang_up, new_key
from tests.steps.site import Site, is_alive


def options(command: list[str]) -> dict[str, str]:
    words = [word for flag, word in pairwise(command) if flag == "-o"]
    return dict(word.split("=", 1) for word in words)


def test_the_command_line_leaves_nothing_to_chance(site: Site) -> None:
    command = Target("127.0.0.9", 2222, "root", "cinnabar", site.known_hosts).command("cat 'a file'")

    assert command[0] == "ssh"
    assert command[-5:] == ["-p", "2222", "root@127.0.0.9", "--", "cat 'a file'"]
    assert options(command) == {
        "BatchMode": "yes",
        "ConnectTimeout": "10",
        "ConnectionAttempts": "1",
        "HostKeyAlias": "cinnabar",
        "UserKnownHostsFile": f'"{str(site.known_hosts).replace("%", "%%")}/cinnabar"',
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "HashKnownHosts": "no",
        "ControlPath": "none",
        "ClearAllForwardings": "yes",
        "RequestTTY": "no",
        "LogLevel": "ERROR",
    }


def test_the_command_line_names_the_key_to_log_in_with_only_if_there_is_one(site: Site) -> None:
    machine = Target("127.0.0.9", 22, "root", "cinnabar", site.known_hosts, identity=Path("/keys/of me"))

    named = options(machine.command("true"))

    assert (named["IdentityFile"], named["IdentitiesOnly"]) == ('"/keys/of me"', "yes")


def test_an_unknown_host_key_is_accepted_and_a_terminal_asked_for_only_on_demand(site: Site) -> None:
    machine = Target("127.0.0.9", 22, "root", "cinnabar", site.known_hosts, accept_new=True)

    asked = options(machine.command("true", terminal=True))

    assert (asked["StrictHostKeyChecking"], asked["RequestTTY"]) == ("accept-new", "force")


def test_a_machine_with_its_pinned_host_key_answers(site: Site, network: Network) -> None:
    machine = network.machine({"cat 'a file'": Said("content\n", "and a warning", 3)})

    answer = site.target(machine).run("cat", "a file")

    assert (answer.status, answer.stdout, answer.stderr) == (3, "content\n", "and a warning")
    assert not answer.ok
    assert not answer.unreached
    assert [asked.user for asked in machine.asked] == ["root"]


def test_a_login_that_is_refused_is_told_apart(site: Site, network: Network) -> None:
    machine = network.machine({"true": Said()})
    site.identity.unlink()
    site.identity.write_bytes(new_key().export_private_key())
    site.identity.chmod(0o600)
    there = site.target(machine)

    answer = there.run("true")

    assert answer.unreached
    assert not answer.wrong_host_key
    reason, hint = unreachable(there, answer)
    assert "refuses the login" in reason
    assert "SSH key" in hint


def test_a_machine_that_is_off_is_unreached(site: Site, network: Network) -> None:
    there = site.target(network.machine({}, on=False))

    answer = there.run("true")

    assert answer.unreached
    assert not answer.timed_out
    assert "does not answer: " in unreachable(there, answer)[0]
    assert "Connection refused" in unreachable(there, answer)[0]


def test_a_machine_that_takes_the_connection_and_stays_silent_is_given_up(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        there = Target("127.0.0.1", silent.getsockname()[1], "root", "cinnabar", site.known_hosts)
        begun = time.monotonic()

        answer = there.run("true", seconds=0.5)

    assert answer.unreached
    assert answer.timed_out
    assert answer.stderr == "no answer within 0.5 s"
    assert time.monotonic() - begun < 5


def test_a_connection_that_is_lost_counts_as_unreached(site: Site, network: Network) -> None:
    answer = site.target(network.machine({"true": hang_up})).run("true")

    assert answer.unreached


def test_input_goes_to_the_command_and_is_in_no_command_line(site: Site, network: Network) -> None:
    machine = network.machine({"read-it": Said()})

    assert site.target(machine).run("read-it", stdin="opensesame\n").ok

    assert [(asked.command, asked.stdin, asked.terminal) for asked in machine.asked] == [
        ("read-it", "opensesame", False)
    ]


def test_a_command_gets_a_terminal_if_it_needs_one(site: Site, network: Network) -> None:
    machine = network.machine({"true": Said()})

    assert site.target(machine).run("true", terminal=True).ok

    assert machine.asked[0].terminal


def test_waiting_ends_as_soon_as_the_machine_answers(site: Site, network: Network) -> None:
    machine = network.machine({"true": Said()}, on=False)
    there = site.target(machine)
    turning_on = threading.Timer(0.5, machine.turn_on)
    turning_on.start()
    begun = time.monotonic()

    answer = there.wait(30)

    turning_on.join()
    assert answer.ok
    assert 0.4 < time.monotonic() - begun < 5


def test_waiting_ends_when_the_time_is_over(site: Site, network: Network) -> None:
    there = site.target(network.machine({}, on=False))
    begun = time.monotonic()

    answer = there.wait(0.6)

    assert answer.unreached
    assert time.monotonic() - begun < 5


def test_a_wrong_host_key_is_never_waited_for(site: Site, network: Network) -> None:
    machine = network.machine({"true": Said()})
    there = site.target(machine)
    machine.turn_on(host_key=new_key())
    begun = time.monotonic()

    answer = there.wait(60)

    assert answer.wrong_host_key
    assert time.monotonic() - begun < 5


def test_a_server_that_is_tired_of_refusing_is_waited_for_gently_and_has_still_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSSH 9.8 and later take no connection at all after some refused logins from the same place."""
    monkeypatch.setattr(ssh, "_REFUSED_PAUSE", 0.3)
    tries = site.bin / "tries"
    site.script(
        "ssh",
        f"echo x >>'{tries}'\n"
        f"[ $(wc -l <'{tries}') -le 2 ] && echo 'root@somewhere: Permission denied (publickey).' >&2 && exit 255\n"
        "echo 'kex_exchange_identification: Connection closed by remote host' >&2; exit 255\n",
    )
    there = Target("127.0.0.1", 22, "root", "cinnabar", site.known_hosts)
    begun = time.monotonic()

    answer = there.wait(1.5)

    assert answer.login_refused
    assert "refuses the login" in unreachable(there, answer)[0]
    assert 2 < len(tries.read_text().split()) < 7
    assert time.monotonic() - begun > 0.6


def test_waiting_ends_when_the_runner_has_to_stop(site: Site, network: Network) -> None:
    stop = Cancellation()
    there = replace(site.target(network.machine({}, on=False)), stop=stop)

    def tell() -> None:
        stop.reason = "stopped by SIGTERM"

    telling = threading.Timer(0.4, tell)
    telling.start()
    begun = time.monotonic()
    with pytest.raises(StopError, match="stopped by SIGTERM"):
        there.wait(60)

    telling.join()
    assert time.monotonic() - begun < 5


def test_a_command_on_a_machine_ends_when_the_runner_has_to_stop(site: Site, network: Network) -> None:
    stop = Cancellation()

    def stops(asked: Asked) -> Said:
        stop.reason = f"told to while `{asked.command}` ran"
        time.sleep(0.5)
        return Said()

    there = replace(site.target(network.machine({"sleep 600": stops})), stop=stop)

    with pytest.raises(StopError, match="told to while `sleep 600` ran"):
        there.run("sleep", "600", seconds=600)


def test_pulumi_s_variables_are_not_handed_to_ssh(
    site: Site, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "hush")
    monkeypatch.setenv("EDITOR", "vi")
    site.script("ssh", "env")

    answer = site.target(network.machine({})).run("true")

    assert "PULUMI" not in answer.stdout
    assert "EDITOR=vi" in answer.stdout


def test_a_missing_ssh_is_named(site: Site, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(site.bin))

    with pytest.raises(StepError, match="the command `ssh` was not found"):
        site.target(network.machine({})).run("true")


def test_a_machine_given_up_leaves_no_ssh_behind(site: Site) -> None:
    site.script("ssh", f"echo $$ >'{site.bin}/pid'; exec sleep 600")

    answer = Target("127.0.0.1", 22, "root", "cinnabar", site.known_hosts).run("true", seconds=0.3)

    assert answer.timed_out
    assert not is_alive(int((site.bin / "pid").read_text()))
