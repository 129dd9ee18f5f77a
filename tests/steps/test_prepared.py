"""Servers that come with NixOS and change their host key once, and machines that an update renames."""

import pytest

from fediversity.steps.act.unlock import unlock
from fediversity.steps.handlers import update
from fediversity.steps.job import RolledBackError, StepError
from fediversity.steps.observe import health
from fediversity.steps.transport.ssh import pin_host_key, pinned_host_key
from tests.steps.living import Living
from tests.steps.machines import NEW_SYSTEM, Network, Said, ScriptedMachine, answers, new_key, public_key
from tests.steps.site import Site

UPDATE = ("clan", "machines", "update", "cinnabar")
IMAGE = "cinnabar.4711.image"


@pytest.fixture(autouse=True)
def short_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_PAUSE_SECONDS", 0.05)


def met(site: Site, machine: ScriptedMachine) -> None:
    """The machine was met for the first time, and the machine before it was known by another key."""
    pin_host_key(site.known_hosts, IMAGE, machine.host_public_key)
    pin_host_key(site.known_hosts, "cinnabar", public_key(new_key()))


def test_a_new_server_is_known_by_its_image_s_key_until_its_first_update(site: Site, network: Network) -> None:
    machine = Living().machine(network)
    met(site, machine)
    site.clan("exit 1\n", vars_={"cinnabar/openssh/ssh.id_ed25519.pub": public_key(new_key())})

    with pytest.raises(StepError, match="was not changed"):
        update(site.context("update", machine, UPDATE, server_id="4711", prepared=True))

    assert "machines update cinnabar" in site.clan_calls
    assert pinned_host_key(site.known_hosts, "cinnabar") == machine.host_public_key


def test_a_server_that_has_the_key_of_its_vars_already_is_known_by_it(site: Site, network: Network) -> None:
    machine = Living().machine(network)
    met(site, machine)
    site.clan(vars_={"cinnabar/openssh/ssh.id_ed25519.pub": machine.host_public_key})

    result = update(site.context("update", machine, UPDATE, server_id="4711", prepared=True))

    assert result.outcome == "unchanged"


def test_a_server_that_was_updated_once_is_never_known_by_its_image_s_key_again(site: Site, network: Network) -> None:
    machine = Living().machine(network)
    met(site, machine)
    site.clan(vars_={"cinnabar/openssh/ssh.id_ed25519.pub": public_key(new_key())})
    earlier = site.context("update", machine, UPDATE, server_id="4711", prepared=True)
    site.ledger.end(earlier.record, "applied", "done", NEW_SYSTEM)

    with pytest.raises(StepError, match="shows another host key than the pinned one"):
        update(site.context("update", machine, UPDATE, server_id="4711", prepared=True))


def test_a_server_that_was_installed_is_never_known_by_its_image_s_key(site: Site, network: Network) -> None:
    machine = Living().machine(network)
    met(site, machine)
    site.clan()

    with pytest.raises(StepError, match="shows another host key than the pinned one"):
        update(site.context("update", machine, UPDATE, server_id="4711"))


def test_the_key_of_another_server_s_first_contact_counts_for_nothing(site: Site, network: Network) -> None:
    machine = Living().machine(network)
    met(site, machine)
    site.clan(vars_={"cinnabar/openssh/ssh.id_ed25519.pub": public_key(new_key())})

    with pytest.raises(StepError, match="shows another host key than the pinned one"):
        update(site.context("update", machine, UPDATE, server_id="4712", prepared=True))


def test_a_server_that_is_taken_over_and_runs_is_not_unlocked(site: Site, network: Network) -> None:
    machine = network.machine(answers())
    met(site, machine)
    site.clan(vars_={"cinnabar/openssh/ssh.id_ed25519.pub": public_key(new_key())})

    result = unlock(site.context("unlock", machine, server_id="4711", prepared=True, unlock_port=2223))

    assert result.outcome == "unchanged"


def renamed(site: Site, network: Network, hostname: str) -> ScriptedMachine:
    """A machine that was called jade, and calls itself so or otherwise."""
    living = Living(identity="seed/jade")
    machine = living.machine(network, more={"hostname": Said(f"{hostname}\n")})
    pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)
    site.clan("exit 1\n")
    return machine


def test_a_renamed_machine_is_the_right_one_under_its_former_name(site: Site, network: Network) -> None:
    machine = renamed(site, network, "jade")

    with pytest.raises(StepError, match="was not changed"):
        update(site.context("update", machine, UPDATE, server_id="4711", former_names=("jade",)))

    assert site.clan_calls == ["machines update cinnabar"], "the look beforehand had nothing against it"


def test_after_its_update_a_renamed_machine_must_have_its_present_name(site: Site, network: Network) -> None:
    machine = renamed(site, network, "jade")
    site.clan()

    with pytest.raises((RolledBackError, StepError), match="cinnabar has 'seed/jade' in /etc/fediversity/identity"):
        update(site.context("update", machine, UPDATE, server_id="4711", former_names=("jade",)))


@pytest.mark.parametrize(("hostname", "formerly"), [("jade", ()), ("opal", ("jade",))])
def test_a_machine_with_a_name_it_never_had_is_refused(
    site: Site, network: Network, hostname: str, formerly: tuple[str, ...]
) -> None:
    machine = renamed(site, network, hostname)

    with pytest.raises(StepError, match="nothing was changed"):
        update(site.context("update", machine, UPDATE, server_id="4711", former_names=formerly))
    assert site.clan_calls == []
