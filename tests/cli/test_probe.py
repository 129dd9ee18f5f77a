"""`fediversity probe`: what it asks machines over SSH, what it makes of the answers, and what it records."""

import json
import os
import time
from dataclasses import replace

import pytest

from fediversity.cli.machine_probe import ProbeAnswers, classify
from fediversity.cli.parallel import ask_all
from fediversity.steps.transport.cancellation import Cancellation
from tests.cli.machines import NEW, OLD, Garden
from tests.steps.machines import NO_SUCH_FILE, Said

WELL = ProbeAnswers("garden/oak", NEW, NEW, "running")


def detail(answers: ProbeAnswers, expected: str | None = NEW) -> str:
    return classify("garden/oak", answers, expected).detail


def test_a_machine_is_well_when_it_is_the_right_one_and_runs_and_boots_what_was_applied() -> None:
    found = classify("garden/oak", WELL, NEW)
    assert (found.reachable, found.healthy, found.drift, found.system) == (True, True, False, NEW)


@pytest.mark.parametrize(
    ("answers", "healthy", "drift", "said"),
    [
        (replace(WELL, identity="garden/elm"), False, False, "it is 'garden/elm'"),
        (replace(WELL, identity=None), False, False, "it has no identity"),
        (replace(WELL, system=None), False, False, "it runs no system of Nix"),
        (replace(WELL, systemd="degraded", failed_units=("a.service",)), False, False, "failed: a.service"),
        (replace(WELL, systemd="maintenance"), False, False, "systemd says 'maintenance'"),
        (replace(WELL, system=OLD, boot_default=OLD), True, True, f"it runs {OLD}, but {NEW} was applied last"),
        (replace(WELL, boot_default=OLD), True, True, f"it would boot {OLD}, not {NEW}"),
        (replace(WELL, boot_default=None), True, True, "it would boot nothing of the profile"),
    ],
)
def test_what_is_wrong_with_a_machine_is_named(answers: ProbeAnswers, healthy: bool, drift: bool, said: str) -> None:
    found = classify("garden/oak", answers, NEW)
    assert (found.healthy, found.drift) == (healthy, drift)
    assert said in found.detail


def test_where_nobody_knows_what_was_applied_only_a_boot_into_something_else_is_drift() -> None:
    assert not classify("garden/oak", replace(WELL, system=OLD, boot_default=OLD), None).drift
    assert classify("garden/oak", replace(WELL, boot_default=OLD), None).drift


def test_many_failed_units_are_counted() -> None:
    units = tuple(f"{number}.service" for number in range(9))
    assert detail(replace(WELL, systemd="degraded", failed_units=units)).endswith("4.service and 4 more")


def test_machines_that_are_well_are_recorded_as_such(garden: Garden) -> None:
    done = garden.command("probe")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "oak   well: it is well and runs what was applied",
        "moss  well: it is well and runs what was applied",
    ]
    probes = garden.ledger.probes()
    assert {name: (probe.healthy, probe.drift, probe.system) for name, probe in probes.items()} == {
        "oak": (True, False, NEW),
        "moss": (True, False, NEW),
    }


def test_failed_units_are_asked_for_by_name_when_systemd_says_degraded(garden: Garden) -> None:
    garden.oak.answers["systemctl is-system-running"] = Said("degraded\n", status=1)
    listed = "nginx.service loaded failed failed Web\n"
    garden.oak.answers["systemctl list-units --failed --plain --no-legend --full"] = Said(listed)

    done = garden.command("probe", "dev", "oak")

    assert done.returncode == 1
    assert done.stdout == "oak  unwell: failed: nginx.service\n"
    assert garden.moss.commands == [], "only the machine that was named is asked"


def test_a_machine_that_runs_something_else_is_recorded_as_drifted(garden: Garden) -> None:
    garden.oak.answers["readlink -f /run/current-system"] = Said(f"{OLD}\n")

    done = garden.command("probe", "--json")

    assert done.returncode == 1
    oak, moss = json.loads(done.stdout)["machines"]
    assert (oak["state"], oak["found"]["system"], moss["state"]) == ("drifted", OLD, "well")
    assert set(garden.ledger.drifts()) == {"oak"}


def test_a_mac_that_is_asleep_is_no_failure_and_a_server_that_is_away_is(garden: Garden) -> None:
    garden.moss.turn_off()
    done = garden.command("probe")
    assert done.returncode == 0
    assert "moss  offline: gardener@" in done.stdout

    garden.oak.turn_off()
    done = garden.command("probe")
    assert done.returncode == 1
    assert "oak   unreachable: root@" in done.stdout
    assert not garden.ledger.probes()["oak"].reachable


def test_a_server_that_may_be_off_by_the_fleet_file_is_no_failure(garden: Garden) -> None:
    file = garden.root / "stacks" / "dev.yaml"
    file.write_text(file.read_text().replace("    ssh: {port:", "    may_be_offline: true\n    ssh: {port:", 1))
    garden.oak.turn_off()

    done = garden.command("probe", "dev", "oak")

    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("oak  offline: ")


def test_a_machine_with_another_host_key_is_not_taken_for_one_that_is_asleep(garden: Garden) -> None:
    pin = garden.root / ".fediversity" / "dev" / "known_hosts" / "moss"
    pin.write_text(pin.with_name("oak").read_text().replace("oak", "moss"))

    done = garden.command("probe", "dev", "moss")

    assert done.returncode == 1
    assert "moss  unwell: moss shows another host key than the pinned one" in done.stdout


def test_a_machine_without_an_identity_is_unwell(garden: Garden) -> None:
    garden.oak.answers["cat /etc/fediversity/identity"] = NO_SUCH_FILE
    garden.oak.answers["test -e /etc/fediversity/identity"] = Said(status=1)

    assert "it has no identity" in garden.command("probe", "dev", "oak").stdout


def test_a_machine_that_never_ends_its_answer_costs_no_more_than_the_time_there_is(garden: Garden) -> None:
    garden.oak.answers["true"] = Said(ends=False)
    began = time.monotonic()

    done = garden.command("probe", "--timeout", "10")

    assert time.monotonic() - began < 19, "one question alone may take 20 s"
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "oak   unreachable: no answer within 10 s"
    assert "moss  well" in done.stdout


def test_a_machine_that_a_step_is_at_work_on_is_left_alone(garden: Garden) -> None:
    garden.ran("oak-update", None, outcome=None)

    done = garden.command("probe")

    assert done.returncode == 0
    assert "oak   busy: a step is at work on it" in done.stdout
    assert garden.oak.commands == []
    assert "oak" not in garden.ledger.probes()


def test_a_machine_that_was_never_rolled_out_is_not_looked_at(garden: Garden) -> None:
    garden.ledger.path.unlink()

    done = garden.command("probe")

    assert done.returncode == 0
    assert done.stdout.count("new: never rolled out from this checkout") == 2
    assert not garden.ledger.path.exists()


def test_a_machine_that_is_not_in_the_fleet_is_refused(garden: Garden) -> None:
    done = garden.command("probe", "dev", "oka")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Not an enabled machine of this fleet: oka; enabled: oak, moss." in done.stderr


def test_questions_are_asked_at_once_and_answered_in_order() -> None:
    there, back = os.pipe(), os.pipe()

    def calls(_stop: Cancellation) -> str:
        os.write(there[1], b"!")
        return os.read(back[0], 1).decode()

    def answers(_stop: Cancellation) -> str:
        os.read(there[0], 1)
        os.write(back[1], b"?")
        return "answered"

    # One after the other, neither would ever end.
    assert ask_all({1: answers, 2: calls}, 30) == {1: "answered", 2: "?"}
    for end in (*there, *back):
        os.close(end)


def test_more_questions_than_may_be_asked_at_once_are_all_answered() -> None:
    answers = ask_all(dict.fromkeys(range(7), lambda _stop: "heard"), 10, at_once=2)
    assert answers == dict.fromkeys(range(7), "heard")


def test_a_question_that_goes_wrong_has_no_answer(capfd: pytest.CaptureFixture[str]) -> None:
    def broken(_stop: Cancellation) -> str:
        raise ValueError("wrong")

    assert ask_all({1: broken}, 10) == {1: None}
    assert "ValueError: wrong" in capfd.readouterr().err
