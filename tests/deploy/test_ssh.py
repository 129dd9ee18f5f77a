"""Talking to machines: the real OpenSSH client against servers on loopback whose answers are scripted."""

import shutil
import socket
import threading
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from fediversity.deploy.facts import unreachable
from fediversity.deploy.job import StepError, StopError
from fediversity.deploy.ssh import Target, pin_host_key, pinned_host_key
from fediversity.deploy.stop import Stop
from tests.deploy.machines import Asked, Network, Said, ScriptedMachine, hang_up, new_key, public_key
from tests.deploy.site import Site, is_alive

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleExampl"


def target(site: Site, machine: ScriptedMachine, *, pin: bool = True, accept_new: bool = False) -> Target:
    if pin:
        pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)
    return Target(
        host=machine.address,
        port=machine.port,
        user="root",
        alias="cinnabar",
        known_hosts=site.known_hosts,
        identity=site.identity,
        accept_new=accept_new,
    )


def persons_own(site: Site, configuration: str) -> None:
    """Has ssh read this in place of `~/.ssh/config`, which it finds by the user database and not by $HOME."""
    (site.bin / "config").write_text(configuration)
    site.script("ssh", f"exec '{shutil.which('ssh')}' -F '{site.bin}/config' \"$@\"")


def options(command: list[str]) -> dict[str, str]:
    words = [word for flag, word in pairwise(command) if flag == "-o"]
    return dict(word.split("=", 1) for word in words)


def test_the_command_line_leaves_nothing_to_chance(site: Site) -> None:
    command = Target("127.0.0.9", 2222, "root", "cinnabar", site.known_hosts).command(["cat", "a file"])

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

    named = options(machine.command(["true"]))

    assert (named["IdentityFile"], named["IdentitiesOnly"]) == ('"/keys/of me"', "yes")


def test_an_unknown_host_key_is_accepted_and_a_terminal_asked_for_only_on_demand(site: Site) -> None:
    machine = Target("127.0.0.9", 22, "root", "cinnabar", site.known_hosts, accept_new=True)

    asked = options(machine.command(["true"], terminal=True))

    assert (asked["StrictHostKeyChecking"], asked["RequestTTY"]) == ("accept-new", "force")


def test_a_machine_with_its_pinned_host_key_answers(site: Site, network: Network) -> None:
    machine = network.machine({"cat 'a file'": Said("content\n", "and a warning", 3)})

    answer = target(site, machine).run("cat", "a file")

    assert (answer.status, answer.stdout, answer.stderr) == (3, "content\n", "and a warning")
    assert not answer.ok
    assert not answer.unreached
    assert [asked.user for asked in machine.asked] == ["root"]


def test_an_unknown_host_key_is_pinned_at_first_contact(site: Site, network: Network) -> None:
    machine = network.machine({"true": Said()})
    assert not site.known_hosts.exists()

    assert target(site, machine, pin=False, accept_new=True).run("true").ok

    # Readable as it stands: NixOps4 is told this key.
    assert pinned_host_key(site.known_hosts, "cinnabar") == machine.host_public_key
    assert site.known_hosts.stat().st_mode & 0o777 == 0o700


def test_a_changed_host_key_is_refused_also_where_new_ones_are_accepted(site: Site, network: Network) -> None:
    machine = network.machine({"true": Said()})
    there = target(site, machine, pin=False, accept_new=True)
    assert there.run("true").ok
    before = pinned_host_key(site.known_hosts, "cinnabar")

    machine.turn_on(host_key=new_key())
    answer = there.run("true")

    assert answer.wrong_host_key
    assert machine.commands == ["true"], "it was told something although it showed a wrong key"
    assert pinned_host_key(site.known_hosts, "cinnabar") == before
    reason, hint = unreachable(there, answer)
    assert reason == "cinnabar shows another host key than the pinned one"
    assert str(site.known_hosts / "cinnabar") in hint


def test_a_machine_without_a_pinned_host_key_is_refused_and_told_apart(site: Site, network: Network) -> None:
    there = target(site, network.machine({"true": Said()}), pin=False)

    answer = there.run("true")

    assert answer.unreached
    assert unreachable(there, answer)[0] == "no host key is pinned for cinnabar"


def test_each_machine_has_a_pinned_key_of_its_own_even_at_one_address(site: Site, network: Network) -> None:
    machine = network.machine({"true": Said()})
    pin_host_key(site.known_hosts, "orb-nixos", KEY)

    assert target(site, machine).run("true").ok
    assert replace(target(site, machine), alias="orb-nixos").run("true").wrong_host_key


def test_a_pinned_key_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    pin_host_key(tmp_path / "known_hosts", "cinnabar", public_key(new_key()))
    pin_host_key(tmp_path / "known_hosts", "cinnabar", f"{KEY} root@somewhere\n")

    assert pinned_host_key(tmp_path / "known_hosts", "cinnabar") == KEY
    assert [path.name for path in (tmp_path / "known_hosts").iterdir()] == ["cinnabar"]


def test_what_is_no_host_key_is_not_pinned(tmp_path: Path) -> None:
    pin_host_key(tmp_path, "cinnabar", KEY)

    for text in ("", "ssh-ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc"):
        with pytest.raises(StepError, match="host key of cinnabar is not an SSH public key"):
            pin_host_key(tmp_path, "cinnabar", text)

    assert pinned_host_key(tmp_path, "cinnabar") == KEY


def test_nothing_is_pinned_before_somebody_pins_it(tmp_path: Path) -> None:
    assert pinned_host_key(tmp_path, "cinnabar") is None


def test_a_login_that_is_refused_is_told_apart(site: Site, network: Network) -> None:
    machine = network.machine({"true": Said()})
    site.identity.unlink()
    site.identity.write_bytes(new_key().export_private_key())
    site.identity.chmod(0o600)
    there = target(site, machine)

    answer = there.run("true")

    assert answer.unreached
    assert not answer.wrong_host_key
    reason, hint = unreachable(there, answer)
    assert "refuses the login" in reason
    assert "SSH key" in hint


def test_a_machine_that_is_off_is_unreached(site: Site, network: Network) -> None:
    there = target(site, network.machine({}, on=False))

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
    answer = target(site, network.machine({"true": hang_up})).run("true")

    assert answer.unreached


def test_input_goes_to_the_command_and_is_in_no_command_line(site: Site, network: Network) -> None:
    machine = network.machine({"read-it": Said()})

    assert target(site, machine).run("read-it", stdin="opensesame\n").ok

    assert [(asked.command, asked.stdin, asked.terminal) for asked in machine.asked] == [
        ("read-it", "opensesame", False)
    ]


def test_a_command_gets_a_terminal_if_it_needs_one(site: Site, network: Network) -> None:
    machine = network.machine({"true": Said()})

    assert target(site, machine).run("true", terminal=True).ok

    assert machine.asked[0].terminal


def test_waiting_ends_as_soon_as_the_machine_answers(site: Site, network: Network) -> None:
    machine = network.machine({"true": Said()}, on=False)
    there = target(site, machine)
    turning_on = threading.Timer(0.5, machine.turn_on)
    turning_on.start()
    begun = time.monotonic()

    answer = there.wait(30)

    turning_on.join()
    assert answer.ok
    assert 0.4 < time.monotonic() - begun < 5


def test_waiting_ends_when_the_time_is_over(site: Site, network: Network) -> None:
    there = target(site, network.machine({}, on=False))
    begun = time.monotonic()

    answer = there.wait(0.6)

    assert answer.unreached
    assert time.monotonic() - begun < 5


def test_a_wrong_host_key_is_never_waited_for(site: Site, network: Network) -> None:
    machine = network.machine({"true": Said()})
    there = target(site, machine)
    machine.turn_on(host_key=new_key())
    begun = time.monotonic()

    answer = there.wait(60)

    assert answer.wrong_host_key
    assert time.monotonic() - begun < 5


def test_waiting_ends_when_the_runner_has_to_stop(site: Site, network: Network) -> None:
    stop = Stop()
    there = replace(target(site, network.machine({}, on=False)), stop=stop)

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
    stop = Stop()

    def stops(asked: Asked) -> Said:
        stop.reason = f"told to while `{asked.command}` ran"
        time.sleep(0.5)
        return Said()

    there = replace(target(site, network.machine({"sleep 600": stops})), stop=stop)

    with pytest.raises(StopError, match="told to while `sleep 600` ran"):
        there.run("sleep", "600", seconds=600)


def test_the_engines_variables_are_not_handed_to_ssh(
    site: Site, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "hush")
    monkeypatch.setenv("EDITOR", "vi")
    site.script("ssh", "env")

    answer = target(site, network.machine({})).run("true")

    assert "PULUMI" not in answer.stdout
    assert "EDITOR=vi" in answer.stdout


def test_a_persons_own_configuration_is_in_force(site: Site, network: Network) -> None:
    machine = network.machine({"true": Said()})
    persons_own(site, f"Host the-mac\n  HostName {machine.address}\n")

    assert replace(target(site, machine), host="the-mac").run("true").ok


def test_a_persons_own_configuration_changes_nothing_about_host_keys(site: Site, network: Network) -> None:
    """With these settings ssh would take any key, hash the names, and share connections that check no key at all."""
    machine = network.machine({"true": Said()})
    control = site.bin / "control"
    persons_own(
        site,
        f"""Host *
          StrictHostKeyChecking no
          UserKnownHostsFile {site.bin}/known_hosts
          GlobalKnownHostsFile {site.bin}/known_hosts
          HashKnownHosts yes
          UpdateHostKeys yes
          ControlMaster auto
          ControlPath {control}
          ControlPersist 600
          RequestTTY force
          LogLevel QUIET
        """,
    )
    new = new_key()
    (site.bin / "known_hosts").write_text(f"cinnabar {public_key(new)}\n")
    there = target(site, machine, pin=False, accept_new=True)

    assert there.run("true").ok

    assert pinned_host_key(site.known_hosts, "cinnabar") == machine.host_public_key
    assert not control.exists()
    assert not machine.asked[0].terminal
    machine.turn_on(host_key=new)
    assert there.run("true").wrong_host_key


def test_a_missing_ssh_is_named(site: Site, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(site.bin))

    with pytest.raises(StepError, match="the command `ssh` was not found"):
        target(site, network.machine({})).run("true")


def test_a_machine_given_up_leaves_no_ssh_behind(site: Site) -> None:
    site.script("ssh", f"echo $$ >'{site.bin}/pid'; exec sleep 600")

    answer = Target("127.0.0.1", 22, "root", "cinnabar", site.known_hosts).run("true", seconds=0.3)

    assert answer.timed_out
    assert not is_alive(int((site.bin / "pid").read_text()))
