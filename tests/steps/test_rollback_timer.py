"""The script of the rollback timer, run by a real bash with stand-ins for the programs that it runs."""

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fediversity.fleet.health_checks import HealthCheck, TcpCheck
from fediversity.steps.act.rollback_timer import RollbackTimer
from fediversity.steps.job import StepError
from fediversity.steps.observe.host_state import HostState
from fediversity.steps.transport.ssh import pin_host_key
from tests.steps.living import Living
from tests.steps.machines import NEW_SYSTEM, SYSTEM, Network, Said, ScriptedMachine
from tests.steps.site import Site, is_alive, wait_until

BEFORE = HostState(system=SYSTEM, profile=SYSTEM, identity="seed/cinnabar")


def guard(site: Site, machine: ScriptedMachine, *checks: HealthCheck, patience: float = 0.01) -> RollbackTimer:
    pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)
    context = site.context("update", machine, ("clan",), patience=patience, checks=checks)
    return RollbackTimer.of(context, context.target(), BEFORE)


class Script:
    """The script of a guard at work in a folder that stands for a machine."""

    def __init__(self, folder: Path, command: tuple[str, ...]) -> None:
        self.folder = folder
        tools = folder / "tools"
        tools.mkdir()
        self.links = {"/run/current-system": "current", "/nix/var/nix/profiles/system": "profile"}
        for name in self.links.values():
            (folder / name).write_text(SYSTEM)
        cases = "".join(f"{link}) cat '{folder}/{name}';; " for link, name in self.links.items())
        self._tool(tools / "readlink", f'case "$2" in {cases}esac')
        # Going back works: whoever looks next finds the old system.
        back = f"for old; do :; done; printf %s \"$old\" >'{folder}/current'; printf %s \"$old\" >'{folder}/profile'"
        told = f"{{ printf '%s\\0' \"$@\"; echo; }} >>'{folder}/told'"
        self._tool(tools / "systemd-run", f'{told}; case "$*" in *--unit=fediversity-guard-rollback*) {back};; esac')
        words = command[command.index("--") + 1 :]
        self.process = subprocess.Popen(words, env={"PATH": f"{tools}:/usr/bin:/bin"})

    @staticmethod
    def _tool(path: Path, line: str) -> None:
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)

    @property
    def told(self) -> list[list[str]]:
        """What the script had systemd start, each as its words."""
        file = self.folder / "told"
        lines = file.read_text().split("\0\n")[:-1] if file.exists() else []
        return [line.split("\0") for line in lines]


@pytest.fixture
def scripts() -> Iterator[list[Script]]:
    made: list[Script] = []
    yield made
    for script in made:
        script.process.kill()
        script.process.wait()


def armed(site: Site, network: Network, tmp_path: Path, seconds: str) -> Script:
    machine = Living().machine(network)
    guard(site, machine).arm(1)
    words = shlex.split(machine.commands[-1])
    (tmp_path / "machine").mkdir()
    return Script(tmp_path / "machine", (*words[:-1], seconds))


@pytest.mark.parametrize("changed", ["current", "profile"])
def test_it_goes_back_when_a_change_of_either_is_not_confirmed(
    site: Site, network: Network, tmp_path: Path, scripts: list[Script], changed: str
) -> None:
    script = armed(site, network, tmp_path, "0.2")
    scripts.append(script)

    (script.folder / changed).write_text(NEW_SYSTEM)

    wait_until(lambda: len(script.told) == 2)
    back, note = script.told
    assert "--unit=fediversity-guard-rollback" in back
    assert back[back.index("--") + 1 :] == [
        "bash",
        "-c",
        'nix-env -p /nix/var/nix/profiles/system --set "$0" && exec "$0/bin/switch-to-configuration" switch',
        SYSTEM,
    ]
    assert "--unit=fediversity-guard-went-back.service" in note


def test_it_stays_on_guard_because_clan_tries_a_switch_a_second_time(
    site: Site, network: Network, tmp_path: Path, scripts: list[Script]
) -> None:
    script = armed(site, network, tmp_path, "0.2")
    scripts.append(script)
    (script.folder / "current").write_text(NEW_SYSTEM)
    wait_until(lambda: len(script.told) == 2)

    (script.folder / "current").write_text(NEW_SYSTEM)

    wait_until(lambda: len(script.told) == 4)
    assert (script.folder / "current").read_text() == SYSTEM


def test_it_waits_as_long_as_nothing_changes(
    site: Site, network: Network, tmp_path: Path, scripts: list[Script]
) -> None:
    script = armed(site, network, tmp_path, "0")
    scripts.append(script)

    with pytest.raises(subprocess.TimeoutExpired):
        script.process.wait(2.5)
    assert is_alive(script.process.pid)
    assert script.told == []


def test_it_waits_longer_than_the_longest_check_may_take(site: Site, network: Network) -> None:
    machine = Living().machine(network)

    assert guard(site, machine, TcpCheck("a", 1, timeout=30), TcpCheck("b", 2, timeout=900), patience=1).seconds == 1500


def test_a_machine_that_takes_no_guard_is_not_changed(site: Site, network: Network) -> None:
    refuses = Said(stderr="Failed to start transient service unit: Access denied", status=1)
    machine = Living().machine(network, more={"systemd-run --unit=fediversity-guard --collect …": refuses})

    with pytest.raises(StepError, match=r"takes no guard against a bad update: Failed to start.*; nothing was changed"):
        guard(site, machine).arm(1)


def test_it_is_armed_in_the_session_that_stops_the_one_before(site: Site, network: Network) -> None:
    living = Living()
    machine = living.machine(network)
    watch = guard(site, machine)

    watch.arm(1)
    watch.renew()

    assert living.guard == (SYSTEM, SYSTEM, 6.0)
    assert len(machine.commands) == 4
    watch.disarm()
    assert living.guard is None
