"""Unlocking an encrypted disk: the passphrase goes to the right machine, on its input, and nowhere else."""

import shutil
import threading
from typing import Any

import pytest

from fediversity.steps.act import unlock as unlocking
from fediversity.steps.act.unlock import unlock, unlock_if_locked
from fediversity.steps.context import StepContext
from fediversity.steps.handlers import update
from fediversity.steps.job import StepError
from fediversity.steps.transport.ssh import pin_host_key
from tests.steps.machines import Asked, Network, Said, Script, ScriptedMachine, answers, hang_up, new_key
from tests.steps.site import Site

PASSPHRASE = "correct horse battery staple"


class Encrypted:
    """A machine whose system comes up after its early SSH server was given the passphrase; `said` is the answer."""

    def __init__(self, site: Site, network: Network, said: Script = hang_up) -> None:
        self.site = site
        self.system: ScriptedMachine = network.machine(answers(), on=False)
        self.early: ScriptedMachine = network.machine(
            {"true": Said(), "systemctl default": self._opens}, address=self.system.address
        )
        self.opens = True
        self._said = said
        site.clan(
            vars_={
                "cinnabar/openssh/ssh.id_ed25519.pub": f"{self.system.host_public_key}\n",
                "cinnabar/initrd-ssh/id_ed25519.pub": f"{self.early.host_public_key}\n",
                "cinnabar/luks/passphrase": f"{PASSPHRASE}\n",
            }
        )

    def _opens(self, asked: Asked) -> Said | None:
        if self.opens and asked.terminal and asked.stdin.rstrip("\r") == PASSPHRASE:
            threading.Thread(target=self.system.turn_on).start()
        return self._said(asked) if callable(self._said) else self._said

    def context(self, **more: Any) -> StepContext[Any]:
        return self.site.context("unlock", self.system, unlock_port=self.early.port, **more)

    @property
    def told(self) -> list[Asked]:
        return [asked for asked in self.early.asked if asked.command != "true"]


@pytest.mark.parametrize("said", [hang_up, Said()], ids=["contact-lost", "ended-well"])
def test_a_machine_is_unlocked_and_its_system_comes_up(site: Site, network: Network, said: Script) -> None:
    machine = Encrypted(site, network, said)

    result = unlock(machine.context())

    assert (result.outcome, result.reason) == ("applied", "cinnabar is unlocked")
    assert "true" in machine.system.commands


def test_the_passphrase_goes_to_a_terminal_and_is_in_no_command_line(site: Site, network: Network) -> None:
    machine = Encrypted(site, network)
    site.script("ssh", f"printf '%s\\n' \"$@\" >>'{site.bin}/ssh.calls'; exec '{shutil.which('ssh')}' \"$@\"")

    unlock(machine.context())

    (asked,) = machine.told
    assert (asked.command, asked.stdin.rstrip("\r"), asked.terminal) == ("systemctl default", PASSPHRASE, True)
    calls = (site.bin / "ssh.calls").read_text()
    assert "RequestTTY=force" in calls
    assert PASSPHRASE not in calls


def test_the_passphrase_is_in_neither_log_nor_ledger(site: Site, network: Network) -> None:
    machine = Encrypted(site, network, Said(f"you typed {PASSPHRASE}\n", status=1))
    context = machine.context()

    with pytest.raises(StepError) as caught:
        unlock(context)
    context.log.note(caught.value.reason)

    assert "you typed [redacted]" in site.log_text
    assert PASSPHRASE not in site.log_text
    assert PASSPHRASE.encode() not in site.ledger.path.read_bytes()


def test_a_machine_that_is_unlocked_already_is_left_alone(site: Site, network: Network) -> None:
    machine = Encrypted(site, network)
    machine.system.turn_on()

    assert unlock(machine.context()).outcome == "unchanged"
    assert machine.early.commands == []
    assert not [call for call in site.clan_calls if "luks" in call]


def test_the_passphrase_is_not_given_to_a_machine_with_another_host_key(site: Site, network: Network) -> None:
    machine = Encrypted(site, network)
    machine.early.turn_on(host_key=new_key())

    with pytest.raises(StepError, match=r"cinnabar\.unlock shows another host key"):
        unlock(machine.context(timeout=60.0))
    assert machine.early.commands == []
    assert not [call for call in site.clan_calls if "luks" in call]


def test_a_passphrase_that_is_refused_is_a_clear_failure(site: Site, network: Network) -> None:
    machine = Encrypted(site, network, Said(stderr="Failed to start default.target", status=1))
    machine.opens = False

    with pytest.raises(StepError, match="cinnabar was not unlocked; the last it said: Failed to start") as caught:
        unlock(machine.context())
    assert "luks/passphrase" in caught.value.hint


def test_a_machine_that_asks_again_and_again_is_a_clear_failure(
    site: Site, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is what systemd does with a wrong passphrase."""
    monkeypatch.setattr(unlocking, "_UNLOCK_SECONDS", 0.5)
    machine = Encrypted(site, network, Said("Please enter passphrase: ", ends=False))

    with pytest.raises(StepError, match=r"was not unlocked; the last it said: no answer within 0\.5 s"):
        unlock(machine.context())


def test_a_machine_that_does_not_come_up_after_it_was_unlocked_is_a_clear_failure(site: Site, network: Network) -> None:
    machine = Encrypted(site, network)
    machine.opens = False

    with pytest.raises(StepError, match=r"was given the passphrase, but then: root@.* does not answer"):
        unlock(machine.context(timeout=0.5))


def test_a_machine_that_has_not_started_yet_is_waited_for(site: Site, network: Network) -> None:
    machine = Encrypted(site, network)
    machine.early.turn_off()
    starting = threading.Timer(0.5, machine.early.turn_on)
    starting.start()

    assert unlock(machine.context()).outcome == "applied"
    starting.join()


def test_a_machine_that_restarted_by_itself_is_unlocked_before_its_update(site: Site, network: Network) -> None:
    machine = Encrypted(site, network)
    update_line = ("clan", "machines", "update", "cinnabar")

    result = update(
        site.context(
            "update", machine.system, update_line, unlock_port=machine.early.port, server_id="4711", patience=0.1
        )
    )

    assert result.outcome == "unchanged"
    assert [asked.command for asked in machine.told] == ["systemctl default"]
    assert "cinnabar has restarted and waits to be unlocked" in site.log_text


def test_a_machine_that_answers_is_not_asked_whether_it_is_locked(site: Site, network: Network) -> None:
    machine = Encrypted(site, network)
    machine.system.turn_on()
    pin_host_key(site.known_hosts, "cinnabar", machine.system.host_public_key)

    unlock_if_locked(machine.context(), machine.context().target())

    assert machine.early.asked == []
