"""Tests `./just assess` without Nix: criteria about the files are checked, all others are not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fediversity.assessment import __main__ as command
from fediversity.assessment.document import document
from fediversity.assessment.evidence import read
from fediversity.assessment.findings import read_findings
from fediversity.assessment.results import How, Result
from tests.assessment.checkout import copy_of_the_checkout

Output = pytest.CaptureFixture[str]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(copy_of_the_checkout(tmp_path))
    monkeypatch.setenv("PATH", "/no-such-folder")
    return tmp_path


def test_without_nix_it_says_so_once_and_checks_what_the_files_say(project: Path, capsys: Output) -> None:
    assert command.main(["--", "--offline"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("There is no nix on PATH") == 1
    evidence = read(project)
    assert (evidence.nix, evidence.inputs) == (None, {})
    results = {row.criterion: row.result for row in evidence.rows}
    assert {name for name, result in results.items() if result is Result.PASS} == {"parts", "dendritic", "patterns"}
    assert {row.result for row in evidence.rows if row.how is not How.PARSED} == {Result.NOT_CHECKED}
    assert "undecided: 8 criteria need a machine" in " ".join(printed.split())
    text = (project / "docs" / "INTEGRATION-FINDINGS.md").read_text()
    assert text == document(evidence, read_findings())
    assert "with no Nix: only the files were read" in text


@pytest.mark.parametrize(
    ("path", "old", "new", "criterion", "evidence"),
    [
        ("nix/validation/flake.nix", "./modules", "./modules/flake", "parts", "outputs other than"),
        (
            "nix/validation/flake.nix",
            '    import-tree.url = "github:vic/import-tree";\n',
            "",
            "parts",
            "no import-tree",
        ),
        (
            "nix/validation/modules/machines/test-vm.nix",
            "nixos.disk\n",
            "../aspects/disk.nix\n",
            "dendritic",
            "machines/test-vm.nix names modules/aspects/disk.nix",
        ),
        (
            "docs/PATTERNS.md",
            "aspects/disk.nix",
            "aspects/disc.nix",
            "patterns",
            "missing: nix/modules/aspects/disc.nix",
        ),
    ],
)
@pytest.mark.usefixtures("capsys")
def test_a_file_that_breaks_a_pattern_fails_its_criterion_and_the_command(
    project: Path, path: str, old: str, new: str, criterion: str, evidence: str
) -> None:
    text = (project / path).read_text()
    assert old in text
    (project / path).write_text(text.replace(old, new))
    assert command.main([]) == 1
    rows = {row.criterion: row for row in read(project).rows}
    assert {name for name, row in rows.items() if row.result is Result.FAIL} == {criterion}
    assert evidence in rows[criterion].outcome.evidence


def test_a_module_that_contributes_nothing_is_named(project: Path) -> None:
    (project / "nix" / "validation" / "modules" / "stray.nix").write_text("{ x = 1; }\n")
    assert command.main([]) == 1
    assert "stray.nix contributes nothing" in (project / "docs" / "assessment" / "evidence.json").read_text()


def test_a_locked_flake_passes_its_criterion(project: Path) -> None:
    (project / "nix" / "validation" / "flake.lock").write_text("{}\n")
    assert command.main([]) == 0
    assert {row.criterion: row.result for row in read(project).rows}["lock"] is Result.PASS


def test_an_observation_that_failed_fails_the_command(project: Path) -> None:
    (project / "docs" / "assessment" / "observed.yaml").write_text(
        "observations:\n  - {criterion: unlocked, date: 2026-03-01, by: gardener, result: fail, evidence: silence}\n"
    )
    assert command.main([]) == 1


def test_observations_that_cannot_be_used_end_it_before_anything_is_written(project: Path, capsys: Output) -> None:
    (project / "docs" / "assessment" / "observed.yaml").write_text("observations: [x]\n")
    evidence = project / "docs" / "assessment" / "evidence.json"
    before = evidence.read_text()
    assert command.main([]) == 1
    assert "observations[0]: not a group" in capsys.readouterr().err
    assert evidence.read_text() == before


@pytest.mark.usefixtures("project")
def test_what_is_no_option_is_refused(capsys: Output) -> None:
    assert command.main(["staging"]) == 2
    assert "found 'staging'" in capsys.readouterr().err


def test_elsewhere_it_says_where_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command.main([]) == 2
    assert "start this at the top of the checkout" in capsys.readouterr().err


def test_the_recipe_hands_options_on_to_nix(tmp_path: Path) -> None:
    just = shutil.which("just", path=str(Path(sys.executable).parent))
    assert just is not None
    root = Path(__file__).parents[2]
    (tmp_path / "fediversity").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "fediversity").chmod(0o755)
    done = subprocess.run(
        [just, "--justfile", str(root / "Justfile"), "assess", "--", "--override-input", "clan-core", "path:/x y"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path), "FEDIVERSITY_READY": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[2:][-3:] == ["--override-input", "clan-core", "path:/x y"]
