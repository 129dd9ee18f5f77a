"""The hashes that an update records of the vars it brought to its machine."""

from pathlib import Path

import pytest

from fediversity.steps.handlers import update
from fediversity.steps.job import StepError
from fediversity.steps.transport.ssh import pin_host_key
from tests.steps.machines import Network, ScriptedMachine, answers
from tests.steps.site import Site

UPDATE = ("clan", "machines", "update", "cinnabar")
TOKEN = "vars/per-machine/cinnabar/app/token/secret"


def var(site: Site) -> Path:
    return site.project / "nix" / TOKEN


def machine_of(site: Site, network: Network) -> ScriptedMachine:
    machine = network.machine(answers())
    pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)
    var(site).parent.mkdir(parents=True)
    var(site).write_text("first")
    return machine


def test_an_update_that_brings_changed_vars_is_no_unchanged_one(site: Site, network: Network) -> None:
    site.clan()
    machine = machine_of(site, network)
    assert update(site.context("update", machine, UPDATE, server_id="4711")).outcome == "unchanged"
    assert update(site.context("update", machine, UPDATE, server_id="4711")).outcome == "unchanged"
    var(site).write_text("second")

    result = update(site.context("update", machine, UPDATE, server_id="4711", attempt=815))

    assert result.outcome == "applied"
    assert result.reason.endswith("already; it was given its changed secrets and vars")
    assert site.ledger.given()["cinnabar"].mark == 815


def test_what_is_changed_while_the_tool_runs_counts_as_not_yet_given_and_what_it_makes_as_given(
    site: Site, network: Network
) -> None:
    machine = machine_of(site, network)
    site.clan(f"echo second >'{var(site)}'; echo made >'{var(site).with_name('made')}'\n")

    update(site.context("update", machine, UPDATE, server_id="4711"))

    given = site.ledger.given()["cinnabar"].files
    now = site.context("update", machine, UPDATE, server_id="4711").vars_hashes("cinnabar")
    assert given.keys() == now.keys()
    assert {path for path in now if given[path] != now[path]} == {TOKEN}


def test_an_update_that_failed_has_given_nothing(site: Site, network: Network) -> None:
    site.clan("exit 1\n")
    machine = machine_of(site, network)

    with pytest.raises(StepError):
        update(site.context("update", machine, UPDATE, server_id="4711"))

    assert site.ledger.given() == {}
