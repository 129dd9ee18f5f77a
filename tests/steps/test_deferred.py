"""A machine that may be off: its steps are deferred with exit status 0, and only for a machine that is off."""

import json
from typing import Any

import pytest

from fediversity.ledger.records import Outcome
from fediversity.steps.act.install import install
from fediversity.steps.act.zerotier_join import join
from fediversity.steps.context import StepContext
from fediversity.steps.handlers import apply, reach, update
from fediversity.steps.job import StepError
from fediversity.steps.specs import MachineSpec
from fediversity.steps.transport.ssh import pin_host_key
from tests.steps.living import Living
from tests.steps.machines import Network, Said, ScriptedMachine, hang_up, new_key
from tests.steps.site import Site

UPDATE = ("clan", "machines", "update", "cinnabar")


def off(site: Site, network: Network) -> ScriptedMachine:
    machine = network.machine({}, on=False)
    pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)
    return machine


def context(site: Site, verb: Any, machine: ScriptedMachine, **more: Any) -> StepContext[Any]:
    return site.context(verb, machine, UPDATE, **{"may_be_offline": True, "machine_class": "darwin", **more})


def test_every_step_of_a_machine_that_may_be_off_is_deferred(site: Site, network: Network) -> None:
    machine = off(site, network)
    site.clan()
    mesh = {"instance": "mesh", "controller": MachineSpec("hub", "127.0.0.1")}

    results = [
        reach(context(site, "reach", machine)),
        join(context(site, "join", machine, **mesh)),
        update(context(site, "update", machine)),
        apply(context(site, "apply", machine, subject="social", request={"enable": True})),
    ]

    assert {result.outcome for result in results} == {"deferred"}
    for result in results:
        assert "cinnabar may be off" in result.reason
        assert "the next rollout does this step" in result.reason
    assert site.clan_calls == []


def test_a_machine_that_falls_asleep_while_it_is_looked_at_is_deferred(site: Site, network: Network) -> None:
    machine = Living().machine(network, mac=True, more={"date +%s": hang_up})
    pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)
    site.clan()

    results = [
        update(context(site, "update", machine)),
        apply(context(site, "apply", machine, subject="social", request={"enable": True})),
    ]

    assert {result.outcome for result in results} == {"deferred"}
    assert all("cinnabar may be off, and root@" in result.reason for result in results)
    assert site.clan_calls == []


def test_a_machine_that_must_be_on_has_failed(site: Site, network: Network) -> None:
    with pytest.raises(StepError, match="does not answer"):
        update(context(site, "update", off(site, network), may_be_offline=False))


def test_another_host_key_is_not_being_off(site: Site, network: Network) -> None:
    machine = Living().machine(network, mac=True)
    pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)
    machine.turn_on(host_key=new_key())

    with pytest.raises(StepError, match="another host key"):
        update(context(site, "update", machine))


def test_a_login_that_is_refused_is_not_being_off(site: Site, network: Network) -> None:
    machine = Living().machine(network, mac=True)
    pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)
    site.identity.write_bytes(new_key().export_private_key())

    with pytest.raises(StepError, match="refuses the login"):
        update(context(site, "update", machine))


def test_a_password_that_sudo_wants_is_not_being_off(site: Site, network: Network) -> None:
    asks = {"sudo -n true": Said(stderr="sudo: a password is required", status=1)}
    machine = Living().machine(network, mac=True, more={**asks})
    pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)

    with pytest.raises(StepError, match="asks crs58 for a password with sudo"):
        update(context(site, "update", machine, user="crs58"))


def test_a_step_that_is_deferred_ends_with_status_0_and_says_why(site: Site, network: Network) -> None:
    machine = off(site, network)
    site.clan()
    options = f"--stack test --may-be-offline --class darwin --port {machine.port}"

    ended = site.run(
        *("update", "cinnabar", "--", *UPDATE),
        FEDIVERSITY_ADDRESS=machine.address,
        FEDIVERSITY_OPTIONS=options,
        FEDIVERSITY_PATIENCE="0.001",
    )

    assert ended.status == 0
    assert json.loads(ended.stdout)["outcome"] == "deferred"
    assert site.only_record.outcome == "deferred"


def record(site: Site, outcome: Outcome) -> None:
    site.ledger.create()
    number = site.ledger.begin(
        step="moss-update", kind="update", machine="moss", server_id=None, fingerprint=None, command="clan", log=None
    )
    site.ledger.end(number, outcome, "why")


def test_what_comes_after_a_machine_that_was_deferred_is_deferred_too(site: Site, network: Network) -> None:
    machine = Living().machine(network)
    site.clan()
    record(site, "deferred")

    result = update(context(site, "update", machine, gate=("moss",), machine_class="nixos", may_be_offline=False))

    assert (result.outcome, site.clan_calls) == ("deferred", [])
    assert result.reason == "cinnabar comes after moss, whose update was put off; cinnabar was not changed"


def test_once_that_machine_is_updated_nothing_holds_the_others_back(site: Site, network: Network) -> None:
    machine = Living().machine(network)
    pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)
    site.clan()
    record(site, "deferred")
    record(site, "applied")

    more = {"gate": ("moss",), "machine_class": "nixos", "server_id": "4711"}
    assert update(context(site, "update", machine, **more)).outcome == "unchanged"


def test_an_install_is_not_deferred_because_what_follows_needs_it(site: Site, network: Network) -> None:
    record(site, "deferred")

    with pytest.raises(StepError, match="comes after moss, whose update was put off; nothing was erased"):
        install(site.context("install", network.machine({}), UPDATE, server_id="4711", gate=("moss",)))
