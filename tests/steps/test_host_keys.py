"""Pinned host keys: what is accepted, what is refused, and that nothing on the computer changes it."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from fediversity.steps.job import StepError
from fediversity.steps.observe.host_facts import unreachable
from fediversity.steps.transport.ssh import pin_host_key, pinned_host_key
from tests.steps.machines import Network, Said, new_key, public_key
from tests.steps.site import Site

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleExampl"


def persons_own(site: Site, configuration: str) -> None:
    """Has ssh read this in place of `~/.ssh/config`, which it finds by the user database and not by $HOME."""
    (site.bin / "config").write_text(configuration)
    site.script("ssh", f"exec '{shutil.which('ssh')}' -F '{site.bin}/config' \"$@\"")


def test_an_unknown_host_key_is_pinned_at_first_contact(site: Site, network: Network) -> None:
    machine = network.machine({"true": Said()})
    assert not site.known_hosts.exists()

    assert site.target(machine, pin=False, accept_new=True).run("true").ok

    # Readable as it stands: NixOps4 is told this key.
    assert pinned_host_key(site.known_hosts, "cinnabar") == machine.host_public_key
    assert site.known_hosts.stat().st_mode & 0o777 == 0o700


def test_a_changed_host_key_is_refused_also_where_new_ones_are_accepted(site: Site, network: Network) -> None:
    machine = network.machine({"true": Said()})
    there = site.target(machine, pin=False, accept_new=True)
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
    there = site.target(network.machine({"true": Said()}), pin=False)

    answer = there.run("true")

    assert answer.unreached
    assert unreachable(there, answer)[0] == "no host key is pinned for cinnabar"


def test_each_machine_has_a_pinned_key_of_its_own_even_at_one_address(site: Site, network: Network) -> None:
    machine = network.machine({"true": Said()})
    pin_host_key(site.known_hosts, "orb-nixos", KEY)

    assert site.target(machine).run("true").ok
    assert replace(site.target(machine), alias="orb-nixos").run("true").wrong_host_key


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


def test_a_persons_own_configuration_is_in_force(site: Site, network: Network) -> None:
    machine = network.machine({"true": Said()})
    persons_own(site, f"Host the-mac\n  HostName {machine.address}\n")

    assert replace(site.target(machine), host="the-mac").run("true").ok


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
    there = site.target(machine, pin=False, accept_new=True)

    assert there.run("true").ok

    assert pinned_host_key(site.known_hosts, "cinnabar") == machine.host_public_key
    assert not control.exists()
    assert not machine.asked[0].terminal
    machine.turn_on(host_key=new)
    assert there.run("true").wrong_host_key
