"""Real machines, real Nix: what is evaluated, remembered and compared. Each test has a store of its own."""

import os
import re
import time
from pathlib import Path

import pytest

from fediversity.nix_eval.evaluate import Nix, evaluate
from fediversity.planning.derivation_fingerprint import PREFIX
from tests.fleet.good import edited
from tests.nix_eval.garden import FLEET, MACHINES, SERVERS, Garden, counting, run_nix
from tests.steps.site import is_alive, wait_until

pytestmark = pytest.mark.usefixtures("nix")


def test_every_machine_has_the_derivation_that_nix_itself_says(garden: Garden, nix: Nix) -> None:
    systems = garden.planned().systems

    assert systems.evaluated.keys() == MACHINES
    assert (systems.failed, systems.without_nix, systems.notes) == ({}, None, ())
    for name, cls in (("oak", "nixos"), ("moss", "darwin")):
        where = f"path:{garden.flake}#{cls}Configurations.{name}.config.system.build.toplevel"
        assert systems.evaluated[name].derivation == run_nix(nix, "eval", "--raw", f"{where}.drvPath")
        assert systems.evaluated[name].output == run_nix(nix, "eval", "--raw", f"{where}.outPath")
        assert systems.evaluated[name].below == systems.evaluated[name].derivation
        assert systems.fingerprints[name].startswith(PREFIX)


def test_a_changed_file_changes_the_one_machine_that_reads_it(garden: Garden) -> None:
    before = garden.fingerprints()

    garden.edit("elm", '{ settings = "another"; }')

    after = garden.fingerprints()
    assert {name for name in MACHINES if before[name] != after[name]} == {"elm"}


def test_a_file_that_no_machine_reads_changes_nothing(garden: Garden) -> None:
    before = garden.fingerprints()
    garden.starts()

    (garden.flake / "README").write_text("Nobody reads this.")

    assert garden.fingerprints() == before
    assert garden.starts() == len(MACHINES), "the tree is another one, so Nix has to say it"


def test_what_was_evaluated_is_not_evaluated_again(garden: Garden) -> None:
    before = garden.fingerprints()
    assert garden.starts() == len(MACHINES), "a process for each machine"
    assert [line.partition(",")[0] for line in garden.said] == ["Nix evaluates 5 machines"]

    assert garden.fingerprints() == before
    assert garden.starts() == 0
    assert len(garden.said) == 1

    garden.edit("elm", '{ settings = "another"; }')
    garden.fingerprints()
    garden.edit("elm", "{ }")
    assert garden.starts() == len(MACHINES)
    assert garden.fingerprints() == before
    assert garden.starts() == 0, "the tree is one that was evaluated before"


def test_what_was_evaluated_while_somebody_edited_the_flake_is_not_remembered(
    garden: Garden, real_nix: str, tmp_path: Path
) -> None:
    edit = f'case "$*" in *oak*) echo "# edited" >>{garden.flake}/machines/elm.nix;; esac'
    counting(real_nix, tmp_path / "bin", garden.calls, before=edit)
    garden.fingerprints()
    garden.edit("elm", "{ }")
    garden.starts()

    garden.fingerprints()

    assert garden.starts() == len(MACHINES)


def test_another_nix_evaluates_anew(garden: Garden, nix: Nix) -> None:
    garden.fingerprints()
    garden.starts()

    os.utime(nix.program, (1, 1))

    garden.fingerprints()
    assert garden.starts() == len(MACHINES)


def test_a_preview_writes_nothing_into_the_flake(garden: Garden) -> None:
    def files() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in garden.flake.rglob("*") if path.is_file()}

    before = files()
    garden.changes()
    assert files() == before


def test_a_machine_that_cannot_be_evaluated_does_not_stop_the_others(garden: Garden) -> None:
    by_source = without_nix(garden)
    garden.edit("ash", 'throw "ash is not ready"')

    systems = garden.planned().systems

    assert systems.evaluated.keys() == MACHINES - {"ash"}
    assert systems.failed == {"ash": "ash is not ready"}
    assert re.fullmatch("[0-9a-f]{64}", systems.fingerprints["ash"])
    assert systems.fingerprints["ash"] == by_source["ash"], "its source files tell"
    assert systems.notes == ("ash cannot be evaluated, so its source files tell what has changed: ash is not ready",)


def without_nix(garden: Garden) -> dict[str, str]:
    """The fingerprints by source files, of the flake in which ash cannot be evaluated."""
    path, os.environ["PATH"] = os.environ["PATH"], ""
    garden.edit("ash", 'throw "ash is not ready"')
    try:
        return dict(garden.fingerprints())
    finally:
        os.environ["PATH"] = path
        garden.edit("ash", "{ }")


def test_only_what_failed_is_evaluated_again(garden: Garden) -> None:
    garden.edit("ash", 'throw "ash is not ready"')
    garden.edit("elm", "{ package = 1; }")
    garden.fingerprints()
    garden.starts()

    systems = garden.planned().systems

    assert garden.starts() == 2
    assert systems.evaluated.keys() == MACHINES - {"ash", "elm"}
    assert "ash is not ready" in systems.failed["ash"]
    assert "integer" in systems.failed["elm"]


def test_machines_that_fail_for_the_same_reason_are_named_together(garden: Garden) -> None:
    (garden.flake / "machine.nix").write_text('throw "nobody is ready"')

    (note,) = garden.planned().notes

    assert note.endswith(" cannot be evaluated, so their source files tell what has changed: nobody is ready")
    assert all(name in note for name in MACHINES)


def test_a_lock_file_that_does_not_fit_is_said_and_not_written(garden: Garden) -> None:
    flake = garden.flake / "flake.nix"
    other = garden.project / "other"
    other.mkdir()
    (other / "flake.nix").write_text("{ outputs = _: { }; }")
    flake.write_text(flake.read_text().replace("outputs =", f'inputs.other.url = "path:{other}"; outputs =', 1))
    lock = (garden.flake / "flake.lock").read_bytes()

    failed = garden.planned().systems.failed

    assert failed.keys() == MACHINES
    assert "requires lock file changes" in failed["oak"]
    assert (garden.flake / "flake.lock").read_bytes() == lock


def test_machines_are_evaluated_at_once_as_far_as_they_may(
    garden: Garden, real_nix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEDIVERSITY_EVALUATIONS", "3")
    together = tmp_path / "together"
    together.mkdir()
    count = f'touch "{together}/$$"; ls "{together}" | wc -l >>"{tmp_path}/most"; sleep 0.4; rm "{together}/$$"'
    counting(real_nix, tmp_path / "bin", garden.calls, before=count)

    assert garden.planned().systems.evaluated.keys() == MACHINES

    at_once = [int(line) for line in (tmp_path / "most").read_text().split()]
    assert max(at_once) == 3


def test_an_evaluation_that_takes_too_long_is_ended_with_all_it_has_started(
    garden: Garden, real_nix: str, nix: Nix, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    slow = (
        f'case "$*" in *ash*) sh -c \'trap "" TERM; echo $$ >>"{pids}"; sleep 300\' & echo $$ >>"{pids}"; wait;; esac'
    )
    counting(real_nix, tmp_path / "bin", garden.calls, before=slow)
    began = time.monotonic()

    evaluation = evaluate(nix, garden.flake, dict.fromkeys(sorted(SERVERS), "nixos"), at_once=2, seconds=4.0)

    assert evaluation.failed == {"ash": "the evaluation took longer than 4 s"}
    assert evaluation.systems.keys() == SERVERS - {"ash"}
    assert time.monotonic() - began < 20.0
    started = [int(pid) for pid in pids.read_text().split()]
    assert len(started) == 2
    wait_until(lambda: not any(map(is_alive, started)))


def test_the_settings_of_a_deployment_leave_the_machine_below_it_alone(garden: Garden) -> None:
    garden.edit("oak", '{ application = "flowers"; }')
    garden.roll_everything_out()
    before = garden.planned()

    garden.edit("oak", '{ application = "flowers, in red"; }')

    after = garden.planned()
    assert after.systems.evaluated["oak"].output != before.systems.evaluated["oak"].output
    assert after.systems.fingerprints == before.systems.fingerprints
    change = garden.changes()["oak"]
    assert (change.state, change.why) == ("changed", "by what is deployed on it")


def test_a_deployment_that_is_gone_is_taken_down_by_the_machine_s_update(garden: Garden) -> None:
    before = garden.fingerprints()
    garden.write_fleet(edited("    application: pixelfed\n", "    application: pixelfed\n    enabled: false\n", FLEET))
    assert garden.fingerprints() == before, "one that is switched off has a step of its own that takes it down"

    garden.write_fleet(re.sub(r"  flowers:\n(    .*\n)+", "", FLEET))

    after = garden.fingerprints()
    assert {name for name in MACHINES if before[name] != after[name]} == {"oak"}


def test_a_second_rollout_of_what_could_not_be_evaluated_before_the_first_runs_nothing(garden: Garden) -> None:
    for name in SERVERS:
        garden.edit(name, garden_module(name))
    first = garden.planned()
    assert first.systems.failed.keys() == SERVERS
    assert garden.changes()["oak"].why.startswith("cannot be evaluated yet: "), "it says so"  # type: ignore[union-attr]
    (garden.flake / "vars").mkdir()
    for name in SERVERS:
        (garden.flake / "vars" / name).write_text("generated by the first rollout")
    second = garden.planned()
    assert second.systems.fingerprints["oak"] != first.systems.fingerprints["oak"]

    garden.ledger.create()
    for step in first.plan:
        if step.kind not in {"update", "apply"} or step.machine is None:
            continue
        record = garden.ledger.begin(
            step=step.name,
            kind=step.kind,
            machine=step.machine,
            server_id=None,
            fingerprint=step.fingerprint,
            command="",
            log=None,
        )
        garden.ledger.end(record, "applied", "", second.systems.evaluated[step.machine].output)

    assert garden.fingerprints() == first.systems.fingerprints
    assert {step.name: step.fingerprint for step in garden.planned().plan} == {
        step.name: step.fingerprint for step in first.plan
    }
    assert {change.state for change in garden.changes().values()} == {"unchanged"}

    garden.edit("oak", garden_module("oak").replace("}", 'application = "flowers, in red"; }'))
    assert garden.system("oak").output != second.systems.evaluated["oak"].output
    assert garden.fingerprints() == first.systems.fingerprints, "only what is deployed has changed, for its own step"
    (garden.flake / "vars" / "oak").write_text("another")
    assert {name for name, found in garden.fingerprints().items() if found != first.systems.fingerprints[name]} == {
        "oak"
    }


def garden_module(machine: str) -> str:
    """A module that reads a var."""
    return f"{{ settings = builtins.readFile ../vars/{machine}; }}"


def test_a_machine_that_was_never_rolled_out_is_new(garden: Garden) -> None:
    assert {change.state for change in garden.changes().values()} == {"new"}


def test_what_differs_is_told_by_the_recipes_of_what_is_not_built(garden: Garden) -> None:
    garden.roll_everything_out()

    garden.edit("oak", '{ package = "htop-3.3"; settings = "colourful"; }')
    garden.edit("moss", '{ settings = "mossy"; }')

    found = garden.changes()
    assert {name for name, change in found.items() if change.state == "changed"} == {"oak", "moss"}
    assert found["oak"].lines == (
        "htop: 3.2 → 3.3",
        "settings.conf: has changed",
        "rebuilt in the same version because of that: 1",
    )
    assert found["moss"].lines == ("settings.conf: has changed", "rebuilt in the same version because of that: 1")
    assert {found[name].state for name in MACHINES - {"oak", "moss"}} == {"unchanged"}


def test_a_difference_that_was_told_before_is_told_again_without_nix(garden: Garden) -> None:
    garden.roll_everything_out()
    garden.edit("oak", '{ package = "htop-3.3"; }')
    first = garden.changes()
    garden.starts()

    assert garden.changes() == first
    assert garden.starts() == 0


def test_what_differs_is_told_by_content_where_both_systems_are_built(garden: Garden, nix: Nix) -> None:
    build(nix, garden.system("oak").derivation)
    garden.roll_everything_out()
    garden.edit("oak", '{ package = "htop-3.3"; }')
    build(nix, garden.system("oak").derivation)

    assert garden.changes()["oak"].lines == ("htop: 3.2 → 3.3",)


def build(nix: Nix, derivation: str) -> None:
    """Builds a derivation; skips the test where Nix cannot build into a store of its own."""
    try:
        run_nix(nix, "build", "--no-link", f"{derivation}^*")
    except AssertionError as error:
        if "setting up the build environment" in str(error) or "namespace" in str(error):
            pytest.skip(f"Nix cannot build into a store of its own here: {error}")
        raise


def test_what_nobody_evaluated_here_cannot_be_compared(garden: Garden) -> None:
    garden.roll_out("oak", "/nix/store/00000000000000000000000000000000-nixos-system-oak-25.11")

    change = garden.changes()["oak"]

    why = "what differs cannot be told: the system that it runs was not evaluated on this computer"
    assert (change.state, change.why, change.lines) == ("changed", why, ())


def test_a_recipe_that_was_collected_as_garbage_cannot_be_compared(garden: Garden, nix: Nix) -> None:
    garden.roll_everything_out()
    old = garden.system("oak").derivation
    garden.edit("oak", '{ package = "htop-3.3"; }')
    run_nix(nix, "store", "delete", old)

    change = garden.changes()["oak"]

    assert change.state == "changed"
    assert "the recipe of the system that it runs has been removed from this computer's store" in str(change.why)
