"""Waiting for an installed system: with the right host key, and well."""

import pytest

from fediversity.steps.handlers import online
from fediversity.steps.job import StepError
from fediversity.steps.observe import health
from fediversity.steps.transport.ssh import pinned_host_key
from tests.steps.machines import (
    Network,
    Said,
    ScriptedMachine,
    answers,
    in_turn,
    new_key,
)
from tests.steps.site import Site


@pytest.fixture(autouse=True)
def short_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_PAUSE_SECONDS", 0.05)


def with_var(site: Site, machine: ScriptedMachine) -> ScriptedMachine:
    site.clan(vars_={"cinnabar/openssh/ssh.id_ed25519.pub": f"{machine.host_public_key} cinnabar\n"})
    return machine


def test_an_installed_machine_has_to_show_the_host_key_of_its_vars(site: Site, network: Network) -> None:
    machine = with_var(site, network.machine(answers()))

    result = online(site.context("online", machine))

    assert result.outcome == "applied"
    assert site.clan_calls == [f"vars get cinnabar openssh/ssh.id_ed25519.pub --flake path:{site.project}/nix"]
    assert pinned_host_key(site.known_hosts, "cinnabar") == machine.host_public_key


def test_a_machine_with_another_host_key_than_its_vars_say_is_refused(site: Site, network: Network) -> None:
    machine = with_var(site, network.machine(answers()))
    machine.turn_on(host_key=new_key())

    with pytest.raises(StepError, match="shows another host key"):
        online(site.context("online", machine, timeout=60.0))
    assert machine.commands == []


def test_a_var_that_is_missing_is_named(site: Site, network: Network) -> None:
    site.clan()

    with pytest.raises(StepError, match=r"exited with 1: no value for openssh/ssh\.id_ed25519\.pub of") as caught:
        online(site.context("online", network.machine(answers())))
    assert "clan vars generate cinnabar" in caught.value.hint
    assert "no value for" in site.log_text


def test_a_machine_that_is_still_starting_is_waited_for(site: Site, network: Network) -> None:
    states = [Said("initializing\n", status=1), Said("starting\n", status=1), Said("running\n")]
    machine = with_var(site, network.machine(answers({"systemctl is-system-running": in_turn(*states)})))

    assert online(site.context("online", machine)).outcome == "applied"
    assert machine.commands.count("systemctl is-system-running") == 3


def test_a_machine_that_never_finishes_starting_is_not_well(
    site: Site, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_START_SECONDS", 0.2)
    starting = {"systemctl is-system-running": Said("starting\n", status=1)}
    machine = with_var(site, network.machine(answers(starting)))

    with pytest.raises(StepError, match="cinnabar is not well: systemd says 'starting'"):
        online(site.context("online", machine))


@pytest.mark.parametrize("state", ["maintenance", "stopping", "offline"])
def test_a_machine_that_is_not_well_is_refused(site: Site, network: Network, state: str) -> None:
    script = {"systemctl is-system-running": Said(f"{state}\n", status=1)}
    machine = with_var(site, network.machine(answers(script)))

    with pytest.raises(StepError, match=f"not well: systemd says '{state}'") as caught:
        online(site.context("online", machine))
    assert "systemctl --failed" in caught.value.hint


def test_a_failed_unit_alone_is_noted_and_no_failure(site: Site, network: Network) -> None:
    script = {"systemctl is-system-running": Said("degraded\n", status=1)}
    machine = with_var(site, network.machine(answers(script)))

    assert online(site.context("online", machine)).outcome == "applied"
    assert "a unit has failed" in site.log_text
