"""Updating systems and generating vars: the commands, and the refusals before and after."""

from typing import Any

import pytest

from fediversity.steps.handlers import generate_vars, update
from fediversity.steps.job import RolledBackError, StepError
from fediversity.steps.observe import health
from fediversity.steps.transport.ssh import pin_host_key, pinned_host_key
from tests.steps.living import Living
from tests.steps.machines import (
    NEW_SYSTEM,
    NO_SUCH_FILE,
    SYSTEM,
    Network,
    Said,
    Script,
    ScriptedMachine,
    answers,
    hang_up,
    image_answers,
    in_turn,
    new_key,
    public_key,
)
from tests.steps.site import Site

UPDATE = ("clan", "machines", "update", "cinnabar", "--flake", "nix")


@pytest.fixture(autouse=True)
def short_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_PAUSE_SECONDS", 0.05)


def pinned(site: Site, machine: ScriptedMachine) -> ScriptedMachine:
    pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)
    return machine


def test_vars_are_generated_in_the_projects_folder(site: Site) -> None:
    site.clan("pwd >where\n")

    result = generate_vars(site.context("vars", command=("clan", "vars", "generate", "cinnabar"), subject="fleet"))

    assert result.outcome == "applied"
    assert (site.project / "where").read_text() == f"{site.project}\n"
    assert site.clan_calls == ["vars generate cinnabar"]


def updated(new: str = NEW_SYSTEM) -> dict[str, Any]:
    return {"readlink -f /run/current-system": in_turn(Said(f"{SYSTEM}\n"), Said(f"{new}\n"))}


def test_an_update_runs_the_tool_and_says_what_the_machine_runs_now(site: Site, network: Network) -> None:
    site.clan()
    machine = pinned(site, network.machine(answers(updated())))

    result = update(site.context("update", machine, UPDATE, server_id="4711"))

    assert (result.outcome, result.reason) == ("applied", f"cinnabar runs {NEW_SYSTEM}")
    assert result.system == NEW_SYSTEM
    assert site.clan_calls == ["machines update cinnabar --flake nix"]
    assert f"system before: {SYSTEM}" in site.log_text
    assert f"system after: {NEW_SYSTEM}" in site.log_text


def test_an_update_to_the_system_that_runs_already_is_unchanged(site: Site, network: Network) -> None:
    site.clan()
    machine = pinned(site, network.machine(answers()))

    result = update(site.context("update", machine, UPDATE, server_id="4711"))

    assert (result.outcome, result.reason) == ("unchanged", f"cinnabar ran {SYSTEM} already")
    assert result.system == SYSTEM


def test_a_machine_that_had_no_identity_yet_may_get_one(site: Site, network: Network) -> None:
    site.clan()
    identity = in_turn(NO_SUCH_FILE, Said("seed/cinnabar\n"))
    script: dict[str, Script] = {
        "cat /etc/fediversity/identity": identity,
        "test -e /etc/fediversity/identity": Said(status=1),
    }
    machine = pinned(site, network.machine(answers(updated() | script)))

    assert update(site.context("update", machine, UPDATE, server_id="4711")).outcome == "applied"


def test_another_machine_at_the_address_is_refused_before_anything_is_changed(site: Site, network: Network) -> None:
    site.clan()
    machine = pinned(site, network.machine(answers({"cat /etc/fediversity/identity": Said("seed/orb-nixos\n")})))

    with pytest.raises(StepError, match="is 'seed/orb-nixos', not 'seed/cinnabar'; nothing was changed"):
        update(site.context("update", machine, UPDATE, server_id="4711"))
    assert site.clan_calls == []


def test_a_machine_that_cannot_say_who_it_is_is_refused_before_anything_is_changed(
    site: Site, network: Network
) -> None:
    site.clan()
    machine = pinned(site, network.machine(answers({"cat /etc/fediversity/identity": hang_up})))

    with pytest.raises(StepError, match="does not answer"):
        update(site.context("update", machine, UPDATE, server_id="4711"))
    assert site.clan_calls == []


@pytest.mark.parametrize(
    "no_system",
    [Said("/run/current-system\n"), Said(stderr="readlink: No such file or directory", status=1)],
)
def test_a_machine_without_a_system_of_nix_is_refused(site: Site, network: Network, no_system: Said) -> None:
    site.clan()
    machine = pinned(site, network.machine(image_answers({"readlink -f /run/current-system": no_system})))

    with pytest.raises(StepError, match="cinnabar runs no system of Nix"):
        update(site.context("update", machine, UPDATE, server_id="4711"))
    assert site.clan_calls == []


@pytest.mark.parametrize(
    ("identity", "found"), [(Said("seed/orb-nixos\n"), "'seed/orb-nixos'"), (NO_SUCH_FILE, "no identity")]
)
def test_an_update_after_which_the_machine_is_another_one_has_failed(
    site: Site, network: Network, identity: Said, found: str
) -> None:
    site.clan()
    script: dict[str, Script] = {
        "cat /etc/fediversity/identity": in_turn(Said("seed/cinnabar\n"), identity),
        "test -e /etc/fediversity/identity": Said(status=1),
    }
    machine = pinned(site, network.machine(answers(script)))

    with pytest.raises(StepError, match=f"cinnabar has {found} in /etc/fediversity/identity"):
        update(site.context("update", machine, UPDATE, server_id="4711"))


def test_an_update_after_which_the_machine_is_not_well_has_failed(site: Site, network: Network) -> None:
    site.clan()
    script = {"systemctl is-system-running": Said("maintenance\n", status=1)}
    machine = pinned(site, network.machine(answers(updated() | script)))

    with pytest.raises(StepError, match="not well: systemd says 'maintenance'"):
        update(site.context("update", machine, UPDATE, server_id="4711"))


def test_an_update_after_which_the_machine_is_gone_has_failed(site: Site, network: Network) -> None:
    machine = pinned(site, network.machine(answers()))
    marker = site.project / "updating"
    site.clan(f"touch '{marker}'\n")

    def gone_after_the_update(_: object) -> Said | None:
        return None if marker.exists() else Said()

    machine.answers["true"] = gone_after_the_update

    with pytest.raises(StepError, match="does not answer"):
        update(site.context("update", machine, UPDATE, server_id="4711"))


def test_an_update_that_fails_says_why(site: Site, network: Network) -> None:
    site.clan("echo 'error: attribute missing' >&2; exit 1\n")
    machine = pinned(site, network.machine(answers()))

    with pytest.raises(StepError, match=r"`clan machines update cinnabar …` exited with 1:\n    error: attribute"):
        update(site.context("update", machine, UPDATE, server_id="4711"))


def test_a_machine_whose_key_is_not_pinned_is_not_updated(site: Site, network: Network) -> None:
    site.clan()

    with pytest.raises(StepError, match="no host key is pinned for cinnabar"):
        update(site.context("update", network.machine(answers()), UPDATE, server_id="4711"))
    assert site.clan_calls == []


def test_a_machine_somebody_else_installed_shows_the_host_key_of_its_vars_from_its_first_update_on(
    site: Site, network: Network
) -> None:
    living = Living()
    machine = living.machine(network)
    renewed = living.machine(network)
    pinned(site, machine)
    site.clan(vars_={"cinnabar/openssh/ssh.id_ed25519.pub": renewed.host_public_key})

    with pytest.raises(RolledBackError, match="shows another host key than the pinned one; cinnabar was taken back"):
        update(site.context("update", machine, UPDATE))

    assert pinned_host_key(site.known_hosts, "cinnabar") == machine.host_public_key, "the one it shows when it is back"


def test_a_first_update_that_was_cut_off_after_the_host_key_had_changed_can_be_done_again(
    site: Site, network: Network
) -> None:
    machine = pinned(site, network.machine(answers(updated())))
    machine.turn_on(host_key=new_key())
    site.clan(vars_={"cinnabar/openssh/ssh.id_ed25519.pub": machine.host_public_key})

    assert update(site.context("update", machine, UPDATE)).outcome == "applied"
    assert pinned_host_key(site.known_hosts, "cinnabar") == machine.host_public_key


def test_a_host_key_that_is_neither_pinned_nor_in_the_vars_is_refused_and_the_pinned_one_kept(
    site: Site, network: Network
) -> None:
    machine = pinned(site, network.machine(answers()))
    before = pinned_host_key(site.known_hosts, "cinnabar")
    machine.turn_on(host_key=new_key())
    site.clan(vars_={"cinnabar/openssh/ssh.id_ed25519.pub": public_key(new_key())})

    with pytest.raises(StepError, match="shows another host key than the pinned one"):
        update(site.context("update", machine, UPDATE))

    assert pinned_host_key(site.known_hosts, "cinnabar") == before
    assert not [call for call in site.clan_calls if "update" in call]
