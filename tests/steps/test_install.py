"""Installs: what may be erased, and what must not be."""

import threading
import time
from typing import Any

import pytest

from fediversity.ledger.records import Outcome
from fediversity.steps.act import install as installing
from fediversity.steps.act.install import install
from fediversity.steps.context import StepContext
from fediversity.steps.job import StepError
from fediversity.steps.transport.ssh import pin_host_key, pinned_host_key
from tests.steps.machines import (
    NO_SUCH_FILE,
    Network,
    Said,
    Script,
    ScriptedMachine,
    answers,
    hang_up,
    image_answers,
    new_key,
    public_key,
)
from tests.steps.site import Site

SERVER = "4711"
COMMAND = ("clan", "machines", "install", "cinnabar", "--phases", "kexec,disko,install,reboot", "--yes")
IMAGE_ALIAS = "cinnabar.4711.image"


@pytest.fixture(autouse=True)
def short_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "_PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(installing, "_BOOT_SECONDS", 10.0)
    monkeypatch.setattr(installing, "_PAUSE_SECONDS", 0.1)


def earlier_install(site: Site, outcome: Outcome | None = None, *, turn: bool = True, server: str = SERVER) -> None:
    """An install that an earlier rollout began; without an outcome, its runner was killed."""
    earlier = site.context("install", command=COMMAND, server_id=server)
    if turn:
        earlier.ledger.record_start(earlier.record)
    if outcome is not None:
        earlier.ledger.end(earlier.record, outcome, "")


def context_for(site: Site, machine: ScriptedMachine, **more: Any) -> StepContext[Any]:
    return site.context("install", machine, COMMAND, server_id=SERVER, **more)


def installed_machine(site: Site, network: Network, script: dict[str, Any] | None = None) -> ScriptedMachine:
    """A machine that was installed: its host key is the one of its vars, the pinned one of the image is gone."""
    machine = network.machine(answers(script))
    site.clan(vars_={"cinnabar/openssh/ssh.id_ed25519.pub": f"{machine.host_public_key} cinnabar\n"})
    pin_host_key(site.known_hosts, IMAGE_ALIAS, public_key(new_key()))
    return machine


def installs(site: Site) -> list[str]:
    return [call for call in site.clan_calls if call.startswith("machines install")]


def test_an_image_without_an_identity_is_installed(site: Site, network: Network) -> None:
    site.clan()
    machine = network.machine(image_answers())

    result = install(context_for(site, machine))

    assert (result.outcome, result.reason) == ("applied", "NixOS is installed on cinnabar (server 4711)")
    assert installs(site) == [" ".join(COMMAND[1:])]
    assert pinned_host_key(site.known_hosts, IMAGE_ALIAS) == machine.host_public_key


def test_an_install_writes_down_the_boot_id_from_before(site: Site, network: Network) -> None:
    site.clan()
    boot = "2b7f4c1e-0000-4000-8000-000000000001"
    install(
        context_for(site, network.machine(image_answers({"cat /proc/sys/kernel/random/boot_id": Said(f"{boot}\n")})))
    )

    assert site.only_record.boot == boot


def test_an_install_that_fails_says_why(site: Site, network: Network) -> None:
    site.clan("echo 'error: disk not found' >&2; exit 1")

    with pytest.raises(
        StepError, match=r"`clan machines install cinnabar …` exited with 1:\n    error: disk not found"
    ):
        install(context_for(site, network.machine(image_answers())))


@pytest.mark.parametrize("identity", ["seed/cinnabar", "seed/orb-nixos", "other/cinnabar"])
def test_a_machine_with_an_identity_is_never_erased(site: Site, network: Network, identity: str) -> None:
    site.clan()
    machine = network.machine(answers({"cat /etc/fediversity/identity": Said(f"{identity}\n")}))

    with pytest.raises(StepError, match=f"cinnabar already runs the system '{identity}'; nothing was erased") as caught:
        install(context_for(site, machine))

    assert 'reinstall: "4711"' in caught.value.hint
    assert installs(site) == []


def test_a_refusal_does_not_count_as_an_earlier_install(site: Site, network: Network) -> None:
    site.clan()
    machine = network.machine(answers())

    for _ in range(2):
        with pytest.raises(StepError, match="nothing was erased"):
            install(context_for(site, machine))


def test_the_very_server_named_for_it_is_erased_again(site: Site, network: Network) -> None:
    site.clan()

    result = install(context_for(site, network.machine(answers()), reinstall=SERVER))

    assert result.outcome == "applied"
    assert len(installs(site)) == 1


def test_a_server_named_for_it_is_erased_even_if_an_earlier_run_installed_it(site: Site, network: Network) -> None:
    machine = installed_machine(site, network)
    earlier_install(site, "applied")

    assert install(context_for(site, machine, reinstall=SERVER)).outcome == "applied"
    assert len(installs(site)) == 1


def test_another_server_named_for_it_protects_this_one(site: Site, network: Network) -> None:
    site.clan()

    with pytest.raises(StepError, match="nothing was erased"):
        install(context_for(site, network.machine(answers()), reinstall="4712"))
    assert installs(site) == []


@pytest.mark.parametrize("outcome", [None, "applied", "failed", "interrupted"])
def test_a_machine_that_an_earlier_run_installed_is_not_erased_again(
    site: Site, network: Network, outcome: Outcome | None
) -> None:
    machine = installed_machine(site, network)
    earlier_install(site, outcome)

    result = install(context_for(site, machine))

    assert (result.outcome, result.reason) == ("unchanged", "cinnabar was installed by an earlier run that was cut off")
    assert installs(site) == []
    assert pinned_host_key(site.known_hosts, "cinnabar") == machine.host_public_key


def test_a_machine_that_became_another_one_since_its_install_is_not_taken_for_installed(
    site: Site, network: Network
) -> None:
    machine = installed_machine(site, network, {"cat /etc/fediversity/identity": Said("seed/orb-nixos\n")})
    earlier_install(site, "applied")

    with pytest.raises(StepError, match="already runs the system 'seed/orb-nixos'; nothing was erased"):
        install(context_for(site, machine))


@pytest.mark.parametrize("earlier", [{"turn": False}, {"server": "4712"}])
def test_an_earlier_run_that_did_not_touch_this_server_is_no_earlier_install(
    site: Site, network: Network, earlier: dict[str, Any]
) -> None:
    machine = installed_machine(site, network)
    earlier_install(site, "failed", **earlier)

    with pytest.raises(StepError, match="nothing was erased"):
        install(context_for(site, machine))


def test_an_install_cut_off_before_its_end_is_done_again(site: Site, network: Network) -> None:
    site.clan()
    earlier_install(site)

    assert install(context_for(site, network.machine(image_answers()))).outcome == "applied"
    assert len(installs(site)) == 1


def installer(*, finished: bool) -> dict[str, Script]:
    """What nixos-anywhere's installer answers: it has neither an identity nor, until it has finished, a new system."""
    script: dict[str, Script] = {
        "cat /etc/os-release": Said("ID=nixos\nVARIANT_ID=installer\n"),
        "test -e /mnt/boot/grub/state": Said(status=0 if finished else 1),
    }
    return image_answers(script)


def test_an_install_cut_off_just_before_the_restart_is_not_done_again(site: Site, network: Network) -> None:
    site.clan()
    earlier_install(site)

    result = install(context_for(site, network.machine(installer(finished=True))))

    assert result.outcome == "applied"
    assert result.reason == "cinnabar was installed by an earlier run that was cut off; now restarted"
    assert installs(site) == ["machines install cinnabar --phases reboot --yes"]


def test_an_install_cut_off_in_the_installer_is_done_again(site: Site, network: Network) -> None:
    site.clan()
    earlier_install(site)

    assert install(context_for(site, network.machine(installer(finished=False)))).outcome == "applied"
    assert installs(site) == [" ".join(COMMAND[1:])]


def test_what_somebody_else_began_to_install_is_not_finished_but_erased(site: Site, network: Network) -> None:
    site.clan()

    assert install(context_for(site, network.machine(installer(finished=True)))).outcome == "applied"
    assert installs(site) == [" ".join(COMMAND[1:])]


def test_an_installer_that_goes_away_is_not_taken_for_an_unfinished_one(site: Site, network: Network) -> None:
    site.clan()
    earlier_install(site)
    machine = network.machine(installer(finished=True) | {"test -e /mnt/boot/grub/state": hang_up})

    with pytest.raises(StepError, match="does not answer"):
        install(context_for(site, machine))
    assert installs(site) == []


def test_a_machine_that_restarts_after_its_install_is_waited_for(site: Site, network: Network) -> None:
    machine = installed_machine(site, network)
    machine.turn_off()
    earlier_install(site)
    starting = threading.Timer(1.0, machine.turn_on)
    starting.start()

    result = install(context_for(site, machine))

    starting.join()
    assert result.outcome == "unchanged"


def test_a_machine_that_was_installed_and_waits_to_be_unlocked_is_left_alone(site: Site, network: Network) -> None:
    machine = installed_machine(site, network)
    machine.turn_off()
    waiting = network.machine({})
    earlier_install(site)

    # Only the port counts: the machine shows other host keys there.
    result = install(context_for(site, machine, address=waiting.address, unlock_port=waiting.port))

    assert result.outcome == "unchanged"
    assert "waits to be unlocked" in result.reason
    assert installs(site) == []


def test_a_machine_that_waits_to_be_unlocked_cannot_be_erased(site: Site, network: Network) -> None:
    machine = installed_machine(site, network)
    machine.turn_off()
    waiting = network.machine({})
    earlier_install(site)
    context = context_for(site, machine, address=waiting.address, unlock_port=waiting.port, reinstall=SERVER)

    with pytest.raises(StepError, match="waits to be unlocked, so it cannot be erased"):
        install(context)
    assert installs(site) == []


def test_an_open_port_alone_does_not_make_a_machine_installed(site: Site, network: Network) -> None:
    site.clan()
    waiting = network.machine({})
    context = context_for(site, network.machine({}, on=False), address=waiting.address, unlock_port=waiting.port)

    with pytest.raises(StepError, match="does not answer"):
        install(context)


def test_a_machine_out_of_reach_is_a_clear_failure(site: Site, network: Network) -> None:
    site.clan()
    machine = network.machine({}, on=False)
    begun = time.monotonic()

    with pytest.raises(StepError, match=f"root@{machine.address} port {machine.port} does not answer: .*refused"):
        install(context_for(site, machine))

    assert time.monotonic() - begun < 10, "clan's installer would wait for ever"
    assert installs(site) == []


def test_a_machine_with_neither_of_its_two_host_keys_is_refused_at_once(site: Site, network: Network) -> None:
    machine = installed_machine(site, network)
    machine.turn_on(host_key=new_key())
    earlier_install(site)
    begun = time.monotonic()

    with pytest.raises(StepError, match="cinnabar shows another host key than the pinned one"):
        install(context_for(site, machine))

    assert time.monotonic() - begun < 5
    assert machine.commands == []
    assert installs(site) == []


@pytest.mark.parametrize(
    "script",
    [
        {"cat /etc/fediversity/identity": hang_up},
        {"cat /etc/fediversity/identity": NO_SUCH_FILE, "test -e /etc/fediversity/identity": hang_up},
        {"cat /etc/fediversity/identity": Said(stderr="Permission denied", status=1)},
        {"cat /etc/fediversity/identity": Said(stderr="cat: not found", status=127)},
        {
            "cat /etc/fediversity/identity": Said(stderr="fork: out of memory", status=254),
            "test -e /etc/fediversity/identity": Said(stderr="fork: out of memory", status=254),
        },
    ],
    ids=["contact-lost", "contact-lost-later", "not-readable", "no-such-command", "no-memory"],
)
def test_a_machine_that_cannot_say_whether_it_has_an_identity_is_not_erased(
    site: Site, network: Network, script: dict[str, Any]
) -> None:
    site.clan()

    with pytest.raises(StepError):
        install(context_for(site, network.machine(answers(script))))
    assert installs(site) == []
