"""`fediversity rollback` and `logs`: going back to an earlier system, and reading how it went."""

import json
import os
import pty
import subprocess
import sys

import pytest

from fediversity.cli.rollback_plan import recorded_before
from fediversity.ledger import history
from tests.cli.machines import NEW, OLD, Garden
from tests.ledger.records import run
from tests.steps.living import ARM_GUARD, STOP_GUARD
from tests.steps.machines import BUSY_UNITS, Asked, Said, hang_up, in_turn

SET = f"nix-env -p /nix/var/nix/profiles/system --set {OLD}"
SWITCH = f"{OLD}/bin/switch-to-configuration"
FLAGS = "--pipe --wait --quiet --collect --no-ask-password --service-type=exec --unit=fediversity-rollback-"
RUN = f"systemd-run {FLAGS}…"
A, B, C = "/nix/store/a", "/nix/store/b", "/nix/store/c"


@pytest.fixture
def garden(garden: Garden) -> Garden:
    """The garden, whose server can go back to OLD."""
    answers = garden.oak.answers

    def switched(_asked: Asked) -> Said:
        """What the machine is asked afterwards it answers as one that runs OLD."""
        answers["readlink -f /run/current-system"] = Said(f"{OLD}\n")
        answers["readlink -f /nix/var/nix/profiles/system"] = Said(f"{OLD}\n")
        return Said(stderr="activating\n")

    answers |= {f"test -e {SWITCH}": Said(), SET: Said(), RUN: switched}
    answers |= {STOP_GUARD: Said(status=5), f"{ARM_GUARD} …": Said()}
    return garden


def switch_commands(garden: Garden) -> list[str]:
    return [command for command in garden.oak.commands if command.startswith(("nix-env", "systemd-run --pipe"))]


def test_the_system_before_the_newest_one_is_the_one_to_go_back_to() -> None:
    runs = [run("oak-update", system=A), run("oak-update", system=B), run("oak-update", "unchanged", system=B)]
    assert list(recorded_before(B, runs)) == [A]
    assert list(recorded_before(A, runs)) == []


def test_a_second_rollback_goes_back_further_and_not_forth_again() -> None:
    runs = [run("oak-update", system=system) for system in (A, B, C)]
    assert list(recorded_before(B, [*runs, run("oak-rollback", system=B)])) == [A]


def test_a_machine_that_runs_what_nobody_recorded_goes_back_to_what_was_applied_last() -> None:
    runs = [
        run("oak-update", system=A),
        run("blog-apply", machine="oak", system=B),
        run("oak-update", "failed", system=C),
    ]
    assert list(recorded_before("/nix/store/by-hand", runs)) == [B, A]


def test_without_a_terminal_nothing_is_done_unless_yes_was_said_beforehand(garden: Garden) -> None:
    done = garden.command("rollback", "oak")

    assert done.returncode == 1
    assert "--yes answers beforehand" in done.stderr
    assert f"oak runs       {NEW}\n" in done.stdout
    assert f"    would run {OLD}\n" in done.stdout
    assert SET in done.stdout
    assert switch_commands(garden) == []
    assert [record.kind for record in garden.ledger.records()] == ["update"] * 3


def test_a_rollback_sets_the_profile_switches_in_a_unit_of_its_own_and_is_recorded(garden: Garden) -> None:
    done = garden.command("rollback", "oak", "--yes")

    assert done.returncode == 0, done.stdout + done.stderr
    first, second = switch_commands(garden)
    assert first == SET
    assert second.startswith(
        "systemd-run --pipe --wait --quiet --collect --no-ask-password --service-type=exec --unit="
    )
    assert second.endswith(f" -- {SWITCH} switch")
    record = garden.ledger.records()[-1]
    assert (record.step, record.kind, record.outcome, record.system) == ("oak-rollback", "rollback", "applied", OLD)
    assert record.log is not None
    assert "activating" in (garden.ledger.path.parent / record.log).read_text()
    assert "it is held" in done.stdout
    (note,) = json.loads(garden.command("status", "--json").stdout)["machines"][0]["notes"]
    assert (note["kind"], note["why"].partition(" from ")[0]) == ("held", "rolled back by hand")
    assert garden.command("probe", "dev", "oak").returncode == 0, "what was rolled back by hand has not drifted"


def test_a_guard_watches_over_a_rollback_as_over_an_update(garden: Garden) -> None:
    garden.command("rollback", "oak", "--yes")

    told = [command for command in garden.oak.commands if command.startswith(("nix-env", "systemd-run", STOP_GUARD))]
    assert [line.split()[0] for line in told] == ["systemctl", "systemd-run", "nix-env", "systemd-run", "systemctl"]
    assert told[1].startswith(ARM_GUARD)
    assert told[1].split()[-3:] == [NEW, NEW, "60"], "it goes back to what ran, after a tenth of its usual 600 s"


def test_a_machine_that_a_rollback_cuts_off_comes_back_by_its_guard(garden: Garden) -> None:
    garden.oak.answers[RUN] = hang_up
    garden.oak.answers[BUSY_UNITS] = in_turn(
        Said(), Said("fediversity-guard-went-back.service loaded active running A unit\n")
    )
    garden.oak.answers["systemctl stop fediversity-guard-went-back.service"] = Said()

    done = garden.command("rollback", "oak", "--yes")

    assert done.returncode == 1
    assert f"oak was cut off by it, and its guard took it back: it runs {NEW}" in done.stdout
    assert garden.ledger.records()[-1].outcome == "failed"
    assert garden.oak.commands[-1] == "systemctl stop fediversity-guard-went-back.service"


def test_a_rollback_waits_for_no_other_deployment(garden: Garden) -> None:
    garden.oak.answers[BUSY_UNITS] = Said("clan-switch-oak-1.service loaded active running A unit\n")

    done = garden.command("rollback", "oak", "--yes")

    assert done.returncode == 1
    assert "another deployment is at work on oak: clan-switch-oak-1.service; nothing was changed" in done.stdout
    assert switch_commands(garden) == []


def test_a_held_machine_can_be_let_go(garden: Garden) -> None:
    assert "oak is not held" in garden.command("rollback", "oak", "--release").stderr
    garden.command("rollback", "oak", "--yes")

    done = garden.command("rollback", "oak", "--release")

    assert (done.returncode, done.stdout) == (0, "oak: the next rollout updates it\n")
    assert set(garden.ledger.drifts()) == {"oak"}
    assert "the next rollout updates it again" in " ".join(garden.command("status").stdout.split())


def test_a_switch_that_fails_is_recorded_as_such_and_says_what_the_machine_runs(garden: Garden) -> None:
    garden.oak.answers[RUN] = lambda _asked: Said(stderr="warning: a unit failed\n", status=4)

    done = garden.command("rollback", "oak", "--yes")

    assert done.returncode == 1
    assert f"exited with 4: warning: a unit failed; it runs {NEW} now" in done.stdout
    record = garden.ledger.records()[-1]
    assert (record.outcome, record.system) == ("failed", None)
    assert history.held(garden.ledger.records(), None) is None


def test_a_switch_after_which_the_machine_runs_something_else_is_no_rollback(garden: Garden) -> None:
    garden.oak.answers[RUN] = lambda _asked: Said()

    done = garden.command("rollback", "oak", "--yes")

    assert done.returncode == 1
    assert f"after the switch: it runs {NEW}, not {OLD}" in done.stdout


def test_a_generation_is_chosen_by_its_number(garden: Garden) -> None:
    garden.oak.answers["readlink -f /nix/var/nix/profiles/system-7-link"] = Said(f"{OLD}\n")
    garden.oak.answers["readlink -f /nix/var/nix/profiles/system-8-link"] = Said(status=1)
    listed = "   7   2026-01-01 00:00:00\n   9   2026-01-02 00:00:00   (current)\n"
    garden.oak.answers["nix-env -p /nix/var/nix/profiles/system --list-generations"] = Said(listed)

    assert f"would run {OLD}" in garden.command("rollback", "oak", "--to", "7").stdout
    assert "oak has no generation 8; it has 7, 9" in garden.command("rollback", "oak", "--to", "8").stderr


def test_what_is_no_system_on_the_machine_is_refused(garden: Garden) -> None:
    path = "/nix/store/cccc-hello"
    garden.oak.answers[f"test -e {path}/bin/switch-to-configuration"] = Said(status=1)
    garden.oak.answers[f"test -e {NEW}/bin/switch-to-configuration"] = Said()

    assert f"{path} is no system on oak" in garden.command("rollback", "oak", "--to", path).stderr
    assert f"oak runs {NEW} already" in garden.command("rollback", "oak", "--to", NEW).stderr


def test_a_system_that_was_collected_as_garbage_is_passed_over_for_the_generation_before(garden: Garden) -> None:
    older = "/nix/store/0000-older"
    answers = garden.oak.answers
    answers[f"test -e {SWITCH}"] = Said(status=1)
    answers["nix-env -p /nix/var/nix/profiles/system --list-generations"] = Said("  1  x\n  2  x\n  3  x  (current)\n")
    answers["readlink /nix/var/nix/profiles/system"] = Said("system-3-link\n")
    answers["readlink -f /nix/var/nix/profiles/system-2-link"] = Said(f"{older}\n")

    assert f"would run {older}" in garden.command("rollback", "oak").stdout


def test_a_mac_is_rolled_back_as_root_by_its_own_activation(garden: Garden) -> None:
    garden.ran("moss-update", OLD)
    garden.ran("moss-update", NEW)
    garden.moss.answers[f"test -e {OLD}/activate"] = Said()

    lines = garden.command("rollback", "moss").stdout.splitlines()

    assert lines[-2:] == [f"    sudo -n {SET}", f"    sudo -n {OLD}/activate"]


def test_the_wrong_machine_is_never_touched(garden: Garden) -> None:
    garden.oak.answers["cat /etc/fediversity/identity"] = Said("garden/elm\n")

    done = garden.command("rollback", "oak", "--yes")

    assert "is 'garden/elm', not 'garden/oak'; nothing was changed" in done.stderr
    assert switch_commands(garden) == []


def test_a_machine_is_not_rolled_back_while_a_step_is_at_work_on_it(garden: Garden) -> None:
    garden.ran("oak-update", None, outcome=None)

    assert "A step is at work on oak" in garden.command("rollback", "oak", "--yes").stderr
    assert garden.oak.commands == []


@pytest.mark.parametrize(("answer", "status"), [("n", 1), ("", 1), ("y", 0)])
def test_a_person_at_a_terminal_is_asked(garden: Garden, answer: str, status: int) -> None:
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "fediversity.cli.main", "rollback", "oak"]
    with subprocess.Popen(command, cwd=garden.root, stdin=terminal, stdout=subprocess.PIPE, text=True) as asked:
        os.close(terminal)
        os.write(controller, f"{answer}\n".encode())
        output, _ = asked.communicate(timeout=60)
    os.close(controller)

    assert asked.returncode == status, output
    assert "Roll it back? [y/N]" in output
    assert bool(switch_commands(garden)) == (status == 0)


def test_the_newest_log_is_printed_after_its_path(garden: Garden) -> None:
    folder = garden.root / ".fediversity" / "dev" / "logs" / "oak"
    folder.mkdir(parents=True)
    for number, step in enumerate(("reach", "update", "reach")):
        (folder / f"{number}.log").write_text(f"{step} {number}\n")
        garden.ran(f"oak-{step}", NEW, log=f"logs/oak/{number}.log")

    assert garden.command("logs", "oak").stdout == ".fediversity/dev/logs/oak/2.log\nreach 2\n"
    assert garden.command("logs", "oak", "--step", "update").stdout.endswith("1.log\nupdate 1\n")
    assert garden.command("logs", "oak", "--step", "oak-update").stdout.endswith("1.log\nupdate 1\n")
    listed = garden.command("logs", "oak", "--all").stdout.splitlines()
    assert [line.split()[2:] for line in listed] == [
        ["oak-reach", "applied", ".fediversity/dev/logs/oak/0.log"],
        ["oak-update", "applied", ".fediversity/dev/logs/oak/1.log"],
        ["oak-reach", "applied", ".fediversity/dev/logs/oak/2.log"],
    ]


def test_where_there_is_no_log_it_is_said_what_there_is(garden: Garden) -> None:
    garden.ran("oak-update", NEW, log="logs/oak/x.log")

    assert ".fediversity/dev/logs/oak/x.log is gone" in garden.command("logs", "oak").stderr
    assert (
        "of the step install of oak; there are logs of oak-update."
        in garden.command("logs", "oak", "--step", "install").stderr
    )
    assert "There is no log of moss in stack dev; there are logs of oak." in garden.command("logs", "moss").stderr
