"""A switch leaves a machine well, or as it was: the commands, their order, and the messages."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fediversity.fleet.health_checks import CommandCheck, HealthCheck, HttpCheck, MeshCheck, TcpCheck
from fediversity.steps.context import StepContext
from fediversity.steps.handlers import update
from fediversity.steps.job import Result, RolledBackError, StepError
from fediversity.steps.observe import health
from fediversity.steps.observe.zerotier import ZeroTierNetwork as ZeroTier
from fediversity.steps.transport.ssh import pin_host_key
from tests.steps.living import ARM_GUARD, NETWORK_ID, SET_PROFILE, STOP_GUARD, Living
from tests.steps.machines import NEW_SYSTEM, SYSTEM, Network, Said, ScriptedMachine, in_turn
from tests.steps.site import Site

UPDATE = ("clan", "machines", "update", "cinnabar")
SWITCH_BACK = (
    "systemd-run --pipe --wait --quiet --collect --no-ask-password --service-type=exec --unit=fediversity-rollb"
)


def context_for(site: Site, machine: ScriptedMachine, **more: Any) -> StepContext[Any]:
    pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)
    return site.context("update", machine, UPDATE, **({"server_id": "4711", "checks": ()} | more))


def run(site: Site, machine: ScriptedMachine, does: Callable[[], None], *, status: int = 0, **more: Any) -> Result:
    """Updates a machine with a clan that does something to it and then ends with a status."""
    marker = site.project / "clan ran"
    site.clan(
        f"touch '{marker}'; while [ -e '{marker}' ]; do sleep 0.02; done; echo 'clan says no' >&2; exit {status}\n"
    )
    context = context_for(site, machine, **more)
    with _Watching(marker, does):
        return update(context)


class _Watching:
    """Does something as soon as a file appears, and then removes the file."""

    def __init__(self, marker: Path, does: Callable[[], None]) -> None:
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(marker, does))

    def _run(self, marker: Path, does: Callable[[], None]) -> None:
        while not self._end.wait(0.01):
            if marker.exists():
                does()
                marker.unlink()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


def kinds(machine: ScriptedMachine) -> list[str]:
    """The commands that change something, shortened."""
    names = {
        STOP_GUARD: "stop guard",
        ARM_GUARD: "arm guard",
        SET_PROFILE: "set old profile",
        SWITCH_BACK: "switch back",
    }
    return [name for line in machine.commands for start, name in names.items() if line.startswith(start)]


def test_a_machine_that_is_well_after_its_update_has_no_guard_any_more(site: Site, network: Network) -> None:
    living = Living()
    machine = living.machine(network)

    result = run(site, machine, living.switched)

    assert (result.outcome, result.system) == ("applied", NEW_SYSTEM)
    assert kinds(machine) == ["stop guard", "arm guard", "stop guard", "arm guard", "stop guard"]
    assert living.guard is None


def test_the_guard_is_there_while_the_tool_runs_and_knows_where_to_go_back(site: Site, network: Network) -> None:
    living = Living()
    machine = living.machine(network)
    seen: list[object] = []

    run(site, machine, lambda: seen.append(living.guard), patience=0.02)

    assert seen == [(SYSTEM, SYSTEM, 12.0)]


def test_a_machine_on_which_a_unit_fails_is_taken_back(site: Site, network: Network) -> None:
    living = Living(broken={NEW_SYSTEM: ["mastodon-web.service"]})
    machine = living.machine(network)

    with pytest.raises(
        RolledBackError, match=r"failed on cinnabar: mastodon-web\.service; cinnabar was taken back"
    ) as e:
        run(site, machine, living.switched)

    assert (living.system, living.profile) == (SYSTEM, SYSTEM)
    assert kinds(machine)[-3:] == ["stop guard", "set old profile", "switch back"]
    assert e.value.system == SYSTEM
    assert living.guard is None


def test_a_unit_that_had_failed_before_is_not_the_update_s_fault(site: Site, network: Network) -> None:
    living = Living(broken={SYSTEM: ["fan.service"], NEW_SYSTEM: ["fan.service"]})

    assert run(site, living.machine(network), living.switched).outcome == "applied"


def test_a_unit_that_comes_up_again_in_time_is_no_failure(site: Site, network: Network) -> None:
    living = Living()
    lines = [Said(), Said("slow.service loaded failed failed A unit\n"), Said()]
    failed = in_turn(*lines)
    machine = living.machine(network, more={"systemctl list-units --failed --plain --no-legend --full": failed})

    assert run(site, machine, living.switched, patience=0.1).outcome == "applied"


def test_a_machine_that_lost_its_mesh_is_taken_back(site: Site, network: Network) -> None:
    living = Living()

    def breaks() -> None:
        living.switched()
        living.status = "ACCESS_DENIED"

    with pytest.raises(RolledBackError, match=f"cinnabar has lost the ZeroTier network {NETWORK_ID}: ACCESS_DENIED"):
        run(site, living.machine(network), breaks)


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (CommandCheck("the site", "curl -f http://localhost", timeout=1), "the site ended with 7: no route"),
        (TcpCheck("a port", 1, timeout=1), "a port: .*refused"),
        (HttpCheck("a page", port=1, timeout=1), "a page: .*refused"),
    ],
)
def test_a_check_of_its_own_that_does_not_hold_takes_the_machine_back(
    site: Site, network: Network, check: HealthCheck, said: str
) -> None:
    living = Living()
    machine = living.machine(network, more={"curl -f http://localhost": Said(stderr="no route", status=7)})

    with pytest.raises(RolledBackError, match=said):
        run(site, machine, living.switched, checks=(check,))
    assert living.system == SYSTEM


def test_a_mesh_that_is_asked_for_has_to_be_joined(site: Site, network: Network) -> None:
    living = Living(status="REQUESTING_CONFIGURATION")

    with pytest.raises(RolledBackError, match="the mesh: REQUESTING_CONFIGURATION"):
        run(site, living.machine(network), living.switched, checks=(MeshCheck("the mesh", timeout=1),))


@pytest.mark.parametrize("reachable", [True, False])
def test_where_this_computer_is_in_the_mesh_the_machine_is_reached_over_it_too(
    site: Site, network: Network, monkeypatch: pytest.MonkeyPatch, reachable: bool
) -> None:
    living = Living()
    machine = living.machine(network)
    in_the_mesh = machine.address if reachable else "127.0.0.1"
    monkeypatch.setattr(health, "is_in_network_of", lambda address: address == in_the_mesh)
    monkeypatch.setattr(ZeroTier, "own_address", in_the_mesh)

    if reachable:
        assert run(site, machine, living.switched).outcome == "applied"
        return
    with pytest.raises(RolledBackError, match=r"over the mesh, root@127\.0\.0\.1 port \d+ does not answer"):
        run(site, machine, living.switched)
    assert living.system == SYSTEM


def test_a_check_may_take_its_time(site: Site, network: Network) -> None:
    living = Living()
    curl = in_turn(Said(status=7), Said(status=7), Said())
    machine = living.machine(network, more={"curl": curl})

    result = run(site, machine, living.switched, checks=(CommandCheck("web", "curl", timeout=600),))

    assert result.outcome == "applied"
    assert "check passed: web" in site.log_text


def test_a_tool_that_failed_before_it_changed_anything_leaves_nothing_to_take_back(
    site: Site, network: Network
) -> None:
    living = Living()
    machine = living.machine(network)

    with pytest.raises(StepError, match=r"clan says no\ncinnabar was not changed") as caught:
        run(site, machine, lambda: None, status=1)

    assert not isinstance(caught.value, RolledBackError)
    assert "switch back" not in kinds(machine)
    assert living.guard is None


def test_a_tool_that_failed_after_it_had_switched_is_taken_back(site: Site, network: Network) -> None:
    living = Living()

    with pytest.raises(RolledBackError, match="clan says no"):
        run(site, living.machine(network), living.switched, status=1)
    assert (living.system, living.profile) == (SYSTEM, SYSTEM)


def test_a_boot_default_that_was_set_without_a_switch_is_put_back(site: Site, network: Network) -> None:
    living = Living()

    def sets_only_the_profile() -> None:
        living.profile = NEW_SYSTEM

    with pytest.raises(RolledBackError, match=f"taken back to {SYSTEM}, which it runs and boots"):
        run(site, living.machine(network), sets_only_the_profile, status=1)
    assert living.profile == SYSTEM


def test_a_rollback_that_does_not_work_is_said_with_what_the_machine_runs(site: Site, network: Network) -> None:
    living = Living(broken={NEW_SYSTEM: ["web.service"]}, switch_fails=True)

    with pytest.raises(StepError, match=r"did not work: cinnabar runs .*2-nixos.* and boots .*1-nixos") as caught:
        run(site, living.machine(network), living.switched)
    assert not isinstance(caught.value, RolledBackError)
    assert "docs/rollback.md" in caught.value.hint


def test_a_rollback_after_which_units_fail_is_no_rollback(site: Site, network: Network) -> None:
    living = Living(broken={NEW_SYSTEM: ["web.service"]})

    def breaks() -> None:
        living.switched()
        living.broken[SYSTEM] = ["disk.mount"]

    with pytest.raises(StepError, match=r"but these units have failed: disk\.mount") as caught:
        run(site, living.machine(network), breaks)
    assert not isinstance(caught.value, RolledBackError)


def test_a_machine_that_was_cut_off_is_waited_for_until_its_guard_has_brought_it_back(
    site: Site, network: Network
) -> None:
    living = Living(deaf={NEW_SYSTEM})
    machine = living.machine(network)

    def guard_fires() -> None:
        assert living.guard is not None
        old, _, _ = living.guard
        living.guard = None
        living.switched(old)

    def cuts_off() -> None:
        living.switched()
        threading.Timer(5.0, guard_fires).start()

    with pytest.raises(RolledBackError, match=r"does not answer.*cinnabar was taken back"):
        run(site, machine, cuts_off, patience=0.01)
    assert "switch back" not in kinds(machine), "the guard had done it"


@pytest.mark.parametrize("status", [0, 1])
def test_a_change_that_the_guard_took_back_while_the_tool_still_ran_is_no_success(
    site: Site, network: Network, status: int
) -> None:
    living = Living()

    def guard_goes_back() -> None:
        living.switched(SYSTEM)
        living.busy.append("fediversity-guard-went-back.service")

    forget = "systemctl stop fediversity-guard-went-back.service"

    def forgets(_: object) -> Said:
        living.busy.clear()
        return Said()

    machine = living.machine(network, more={forget: forgets})

    with pytest.raises(RolledBackError, match=r"clan says no|the guard of cinnabar took the change back"):
        run(site, machine, guard_goes_back, status=status)
    assert machine.commands.count(forget) == 1
    assert "switch back" not in kinds(machine)


def test_a_machine_that_never_comes_back_is_said_so_with_what_to_do(site: Site, network: Network) -> None:
    living = Living(deaf={NEW_SYSTEM})

    with pytest.raises(StepError, match="cinnabar does not come back") as caught:
        run(site, living.machine(network), living.switched, patience=0.001)
    assert f"it ran {SYSTEM} before" in caught.value.hint
    assert "console" in caught.value.hint


def test_a_restart_that_nobody_asked_for_is_reported(site: Site, network: Network) -> None:
    living = Living()

    def restarts() -> None:
        living.switched()
        living.boot = "boot-2"

    assert "restarted meanwhile" in run(site, living.machine(network), restarts).reason


def test_deployments_that_an_update_takes_down_are_reported(site: Site, network: Network) -> None:
    living = Living(deployments={"social.json": "{}", "video.json": "{}"})

    def takes_down() -> None:
        living.switched()
        del living.deployments["social.json"]

    assert run(site, living.machine(network), takes_down).reason.endswith("; social was taken down with it")


def test_a_guard_that_was_left_behind_is_taken_over_and_its_system_not_trusted(site: Site, network: Network) -> None:
    living = Living(system=NEW_SYSTEM, profile=NEW_SYSTEM, broken={NEW_SYSTEM: ["web.service"]})
    living.guard = (SYSTEM, SYSTEM, 600.0)
    machine = living.machine(network)
    record = site_record(site)
    site.ledger.end(record, "applied", "well", SYSTEM)

    with pytest.raises(RolledBackError, match=r"failed on cinnabar: web\.service"):
        run(site, machine, lambda: None)
    assert (living.system, living.profile) == (SYSTEM, SYSTEM)
    assert "cut off here before it had confirmed" in site.log_text


def test_a_system_that_nobody_saw_well_is_not_trusted_though_a_restart_has_ended_its_guard(
    site: Site, network: Network
) -> None:
    living = Living(system=NEW_SYSTEM, profile=NEW_SYSTEM, broken={NEW_SYSTEM: ["web.service"]})
    machine = living.machine(network)
    site.ledger.end(site_record(site), "applied", "well", SYSTEM)
    site.ledger.end(site_record(site), "interrupted", "its runner ended in the middle")

    with pytest.raises(RolledBackError, match=r"failed on cinnabar: web\.service"):
        run(site, machine, lambda: None)
    assert (living.system, living.profile) == (SYSTEM, SYSTEM)


def test_an_earlier_step_that_was_cut_off_before_it_changed_anything_leaves_nothing_to_distrust(
    site: Site, network: Network
) -> None:
    living = Living(broken={SYSTEM: ["old.service"]})
    machine = living.machine(network)
    site.ledger.end(site_record(site), "applied", "well", SYSTEM)
    site.ledger.end(site_record(site), "interrupted", "its runner ended in the middle")

    assert run(site, machine, lambda: None).outcome == "unchanged", "what failed before is no reason to go back"


def site_record(site: Site) -> int:
    site.ledger.create()
    return site.ledger.begin(
        step="cinnabar-update",
        kind="update",
        machine="cinnabar",
        server_id="4711",
        fingerprint=None,
        command="clan",
        log=None,
    )


def test_a_mac_whose_activation_failed_gets_its_profile_back_and_is_activated_again(
    site: Site, network: Network
) -> None:
    living = Living()
    machine = living.machine(network, mac=True)

    def fails_a_check() -> None:
        living.profile = NEW_SYSTEM

    with pytest.raises(RolledBackError, match="clan says no"):
        run(site, machine, fails_a_check, status=2, machine_class="darwin", user="crs58", server_id=None)

    changed = [line for line in machine.commands if "--set" in line or line.endswith("/activate")]
    assert changed == [f"sudo -n {SET_PROFILE}", f"sudo -n {SYSTEM}/activate"]
    assert living.profile == SYSTEM


def test_a_mac_has_no_guard(site: Site, network: Network) -> None:
    living = Living()
    machine = living.machine(network, mac=True)

    result = run(site, machine, living.switched, machine_class="darwin", user="crs58", server_id=None)

    assert result.outcome == "applied"
    assert not [line for line in machine.commands if "systemd-run" in line or "systemctl" in line]


def test_another_login_than_root_asks_sudo_for_what_only_root_may(site: Site, network: Network) -> None:
    living = Living(broken={NEW_SYSTEM: ["web.service"]})
    own = {f"sudo -n {line}": script for line, script in living._nixos().items()}
    machine = living.machine(network, more={**own, "sudo -n true": Said()})

    with pytest.raises(RolledBackError):
        run(site, machine, living.switched, user="admin")

    for line in (STOP_GUARD, ARM_GUARD, SET_PROFILE, SWITCH_BACK):
        assert any(asked.startswith(f"sudo -n {line}") for asked in machine.commands), line
