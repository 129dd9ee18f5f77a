"""Machines of which Nix says nothing: simulated ones, and those of a computer or a flake that is not ready for it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fediversity.ledger.sqlite import Ledger
from fediversity.planning.changes import change_lines, changes
from fediversity.planning.fingerprint import FlakeSources, fingerprints
from fediversity.project.settings import SettingsError
from fediversity.support.errors import UsageError
from tests.cli.conftest import SETTINGS as SIMULATED
from tests.nix_eval.garden import MACHINES, Garden, counting


def by_source(garden: Garden) -> dict[str, str]:
    """The fingerprints by source files."""
    return fingerprints(garden.flake, json.loads((garden.flake / "fleet.json").read_text()))


def nix_that_must_not_start(garden: Garden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counting("/bin/false", tmp_path / "bin", garden.calls)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")


def test_without_nix_source_files_tell_and_that_is_said_once(garden: Garden) -> None:
    planned = garden.planned()

    assert planned.systems.fingerprints == by_source(garden)
    assert planned.notes == ("there is no `nix` on PATH: whether a machine has changed is told by its source files.",)


def test_simulated_machines_are_told_by_source_files_silently_whatever_nix_there_is(
    garden: Garden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nix_that_must_not_start(garden, tmp_path, monkeypatch)
    (garden.project / "Pulumi.dev.yaml").write_text(SIMULATED)

    planned = garden.planned()

    assert planned.systems.fingerprints == by_source(garden)
    assert planned.notes == ()
    assert garden.starts() == 0


def test_a_flake_without_a_lock_file_is_not_evaluated_and_the_remedy_is_said(
    garden: Garden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nix_that_must_not_start(garden, tmp_path, monkeypatch)
    (garden.flake / "flake.lock").unlink()

    planned = garden.planned()

    assert planned.systems.fingerprints == by_source(garden)
    assert planned.notes == (
        "nix/flake.lock is missing (`nix flake lock path:$PWD/nix` makes it; commit it): "
        "whether a machine has changed is told by its source files.",
    )
    assert garden.starts() == 0
    assert not (garden.flake / "flake.lock").exists()


def test_a_nix_that_only_fails_leaves_it_to_source_files(
    garden: Garden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nix_that_must_not_start(garden, tmp_path, monkeypatch)

    planned = garden.planned()

    assert planned.systems.failed == dict.fromkeys(MACHINES, "`nix eval` exited with 1")
    assert planned.systems.fingerprints == by_source(garden)
    assert garden.starts() == len(MACHINES)


def test_a_wish_for_no_evaluations_at_once_is_refused(
    garden: Garden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nix_that_must_not_start(garden, tmp_path, monkeypatch)
    monkeypatch.setenv("FEDIVERSITY_EVALUATIONS", "none")
    with pytest.raises(UsageError, match="FEDIVERSITY_EVALUATIONS is 'none'"):
        garden.planned()


def test_without_nix_a_machine_is_new_unchanged_or_changed_by_its_fingerprint(garden: Garden) -> None:
    garden.roll_out("oak", None)
    garden.roll_out("ash", None)
    garden.roll_out("elm", None, "failed")
    module = garden.flake / "modules" / "machines" / "ash.nix"
    module.parent.mkdir(parents=True)
    module.write_text('{ flake.modules.nixos."machines/ash" = { }; }')

    found = garden.changes()

    assert {name: found[name].state for name in ("oak", "ash", "elm", "moss")} == {
        "oak": "unchanged",
        "ash": "changed",
        "elm": "new",
        "moss": "new",
    }
    assert all(not change.lines for change in found.values())


def test_the_lines_for_a_person_say_once_why_systems_are_not_compared(garden: Garden) -> None:
    garden.roll_out("oak", None)
    planned = garden.planned()

    assert change_lines(planned, changes(planned)) == [
        "What changes on each machine:",
        "  (by source files; systems cannot be compared: there is no `nix` on PATH)",
        "  oak   unchanged",
        "  elm   new: never rolled out from this checkout",
        "  ash   new: never rolled out from this checkout",
        "  moss  new: never rolled out from this checkout",
        "  fern  new: never rolled out from this checkout",
    ]


def test_a_ledger_that_cannot_be_read_is_said_with_its_name(garden: Garden) -> None:
    garden.ledger.path.parent.mkdir(parents=True)
    garden.ledger.path.write_text("no database at all, but long enough to be taken for one" * 100)

    with pytest.raises(SettingsError, match=r"\.fediversity/dev/ledger\.sqlite cannot be read") as refused:
        garden.changes()
    assert "fix: put it right from a backup, or move it away" in str(refused.value)


@pytest.mark.usefixtures("garden")
def test_without_nix_nothing_is_loaded_that_only_nix_needs() -> None:
    code = (
        "import sys; from pathlib import Path; from fediversity.project.project import Project\n"
        "from fediversity.planning.stack_plan import plan_stack; plan_stack(Project.open(Path.cwd(), 'dev'), print)\n"
        "loaded = [name for name in sys.modules if name.startswith('fediversity.nix_eval.') or name == 'sqlite3']\n"
        "print(*sorted(loaded))"
    )
    Path("Pulumi.dev.yaml").write_text(SIMULATED)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_flake_and_the_ledger_are_read_once_for_a_plan_and_all_that_is_said_of_it(
    garden: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    garden.roll_out("oak", "/nix/store/aaaa-system")
    read: list[str] = []

    def counted(of: type, name: str) -> None:
        original = getattr(of, name)

        def count(self: object, *given: object) -> object:
            read.append(f"{of.__name__}.{name}")
            return original(self, *given)

        monkeypatch.setattr(of, name, count)

    counted(Ledger, "records")
    counted(Ledger, "drifts")
    whole = FlakeSources.read

    def read_whole(folder: Path) -> FlakeSources:
        read.append("FlakeSources.read")
        return whole(folder)

    monkeypatch.setattr(FlakeSources, "read", read_whole)

    changes(garden.planned())

    assert sorted(read) == ["FlakeSources.read", "Ledger.drifts", "Ledger.records"]
