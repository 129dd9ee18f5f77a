"""A machine that has not restarted yet is not mistaken for one that has."""

from typing import Any

import pytest

from fediversity.steps.act.unlock import unlock
from fediversity.steps.handlers import online
from fediversity.steps.job import StepError
from fediversity.steps.observe import boot_id
from tests.steps.machines import Network, Said, Script, ScriptedMachine, answers, in_turn
from tests.steps.site import Site

SERVER = "4711"
READ_BOOT = "cat /proc/sys/kernel/random/boot_id"
OLD, NEW = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
INSTALLER = Said("ID=nixos\nVARIANT_ID=installer\n")


@pytest.fixture(autouse=True)
def short_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot_id, "_PAUSE_SECONDS", 0.5)


def machine_with(site: Site, network: Network, script: dict[str, Script]) -> ScriptedMachine:
    machine = network.machine(answers(script))
    site.clan(vars_={"cinnabar/openssh/ssh.id_ed25519.pub": f"{machine.host_public_key}\n"})
    return machine


def earlier(site: Site, verb: Any, boot: str | None, *, server: str = SERVER, **more: Any) -> None:
    """A step of an earlier moment that went well and read this boot id."""
    context = site.context(verb, server_id=server, **more)
    if boot is not None:
        context.ledger.record_boot(context.record, boot)
    context.ledger.end(context.record, "applied", "done")


def test_a_machine_with_the_boot_id_from_before_its_install_is_waited_for(site: Site, network: Network) -> None:
    earlier(site, "install", OLD)
    machine = machine_with(site, network, {READ_BOOT: in_turn(*[Said(f"{OLD}\n")] * 2, Said(f"{NEW}\n"))})

    assert online(site.context("online", machine, server_id=SERVER)).outcome == "applied"

    assert machine.commands.count(READ_BOOT) == 4, "two old ones, the new one, and the one that is written down"
    assert site.records[-1].boot == NEW


def test_a_machine_that_never_restarts_is_a_clear_failure(site: Site, network: Network) -> None:
    earlier(site, "install", OLD)
    machine = machine_with(site, network, {READ_BOOT: Said(f"{OLD}\n")})

    with pytest.raises(StepError, match=f"cinnabar answers, but has not restarted: its boot id is {OLD}") as caught:
        online(site.context("online", machine, server_id=SERVER, timeout=0.5))
    assert "restart it by hand" in caught.value.hint


def test_an_installer_with_the_host_key_of_the_vars_is_not_the_installed_system(site: Site, network: Network) -> None:
    """It keeps the keys of what it was started from, so a server that is installed again shows its own from before."""
    machine = machine_with(site, network, {"cat /etc/os-release": INSTALLER})

    with pytest.raises(StepError, match="has not restarted: it still runs the installer"):
        online(site.context("online", machine, server_id=SERVER, timeout=0.5))


@pytest.mark.parametrize("known", [(None, SERVER), (OLD, "another")], ids=["never-read", "of-another-server"])
def test_without_a_boot_id_of_this_server_there_is_nothing_to_compare(
    site: Site, network: Network, known: tuple[str | None, str]
) -> None:
    boot, server = known
    earlier(site, "install", boot, server=server)
    machine = machine_with(site, network, {READ_BOOT: Said(f"{OLD}\n")})

    assert online(site.context("online", machine, server_id=SERVER)).outcome == "applied"


def unlocking(site: Site, machine: ScriptedMachine, size: str) -> Any:
    # Nobody listens at the port for unlocking: the disk is open.
    return site.context("unlock", machine, unlock_port=1, server_id=SERVER, size=size, timeout=0.5)


def resized_from(site: Site, size: str) -> None:
    """The server was unlocked as what it was made first, and updated since."""
    earlier(site, "unlock", None, size=size, unlock_port=1)
    earlier(site, "update", OLD)


def test_a_server_that_was_resized_is_not_unlocked_already_before_it_has_restarted(
    site: Site, network: Network
) -> None:
    resized_from(site, "cx23")
    machine = machine_with(site, network, {READ_BOOT: Said(f"{OLD}\n")})

    with pytest.raises(StepError, match="cinnabar answers, but has not restarted"):
        unlock(unlocking(site, machine, "cx33"))


def test_a_server_that_was_resized_and_unlocked_by_hand_is_left_alone(site: Site, network: Network) -> None:
    resized_from(site, "cx23")
    machine = machine_with(site, network, {READ_BOOT: Said(f"{NEW}\n")})

    assert unlock(unlocking(site, machine, "cx33")).outcome == "unchanged"
    assert site.records[-1].boot == NEW


def test_a_server_of_the_same_size_need_not_have_restarted(site: Site, network: Network) -> None:
    resized_from(site, "cx33")
    machine = machine_with(site, network, {READ_BOOT: Said(f"{OLD}\n")})

    assert unlock(unlocking(site, machine, "cx33")).outcome == "unchanged"
