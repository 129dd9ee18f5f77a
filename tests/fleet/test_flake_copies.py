"""The copies that `nix/validation` has of files of `nix/`: written where the flake is read, ignored by git."""

import subprocess
from pathlib import Path

import pytest

from fediversity.assessment import __main__ as assess
from fediversity.cli.main import main
from fediversity.fleet.diagnostics import FleetError
from fediversity.fleet.flake_copies import copied_files, write_copies
from tests.assessment.checkout import copy_of_the_checkout

ROOT = Path(__file__).parents[2]
VALIDATION = ROOT / "nix" / "validation"


@pytest.fixture
def flake(tmp_path: Path) -> Path:
    """A flake below another, which has two files of it."""
    above, below = tmp_path / "nix", tmp_path / "nix" / "below"
    (above / "lib").mkdir(parents=True)
    below.mkdir()
    for folder in (above, below):
        (folder / "flake.nix").write_text("{ }\n")
    (above / "lib" / "a.nix").write_text("{ a = 1; }\n")
    (above / "b.nix").write_text("{ b = 1; }\n")
    (below / ".gitignore").write_text("# Copies.\n/lib/a.nix\n/b.nix\n/result\n")
    return below


def test_what_is_missing_is_written_and_says_which_file_is_the_one_to_edit(flake: Path) -> None:
    assert write_copies(flake) == ("lib/a.nix", "b.nix")
    first, rest = (flake / "lib" / "a.nix").read_text().split("\n", 1)
    assert first.startswith("# ")
    assert "nix/lib/a.nix" in first
    assert rest == "{ a = 1; }\n"
    assert {file.name for file in flake.rglob("*")} == {".gitignore", "flake.nix", "lib", "a.nix", "b.nix"}


def test_only_what_is_stale_is_written_again(flake: Path) -> None:
    write_copies(flake)
    assert write_copies(flake) == ()
    (flake.parent / "b.nix").write_text("{ b = 2; }\n")
    assert write_copies(flake) == ("b.nix",)
    assert "b = 2" in (flake / "b.nix").read_text()


def test_a_copy_that_was_edited_is_a_copy_again(flake: Path) -> None:
    write_copies(flake)
    (flake / "b.nix").write_text("{ b = 3; }\n")
    assert write_copies(flake) == ("b.nix",)


def test_every_file_that_the_flake_above_lacks_is_named_and_nothing_is_written(flake: Path) -> None:
    for name in ("lib/a.nix", "b.nix"):
        (flake.parent / name).unlink()
    with pytest.raises(FleetError) as refusal:
        write_copies(flake)
    assert {problem.field for problem in refusal.value.problems} == {"lib/a.nix", "b.nix"}
    assert not (flake / "b.nix").exists()


def test_a_flake_below_no_other_has_no_copies(flake: Path) -> None:
    assert write_copies(flake.parent) == ()
    (flake.parent / "flake.nix").unlink()
    assert write_copies(flake) == ()


def test_the_copies_of_the_minimal_clan_are_ignored_by_git_and_not_committed() -> None:
    listed = [str(VALIDATION / path) for path in copied_files(VALIDATION)]
    assert len(listed) > 10
    git = ("git", "-C", str(ROOT))
    if subprocess.run([*git, "rev-parse", "--git-dir"], capture_output=True, check=False).returncode:
        pytest.skip("this is no git checkout")
    committed = subprocess.run([*git, "ls-files", "--", *listed], capture_output=True, text=True, check=True).stdout
    ignored = subprocess.run([*git, "check-ignore", "--", *listed], capture_output=True, text=True, check=True).stdout
    assert committed == ""
    assert ignored.split() == listed


def test_what_the_minimal_clan_has_twice_is_a_copy() -> None:
    """A file of both flakes that is no copy would be edited in one of them and forgotten in the other."""

    def inside(folder: Path) -> set[str]:
        files = (file.relative_to(folder).as_posix() for file in folder.rglob("*.nix"))
        return {path for path in files if not path.startswith("validation/")}

    assert inside(VALIDATION) & inside(ROOT / "nix") <= {"flake.nix", *copied_files(VALIDATION)}


@pytest.mark.parametrize("words", [("plan", "staging"), ("render", "staging"), ("render", "staging", "--check"), ()])
def test_every_command_that_has_the_flake_read_writes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    project = copy_of_the_checkout(tmp_path)
    for file in ("Pulumi.yaml", "Pulumi.staging.yaml"):
        (project / file).write_bytes((ROOT / file).read_bytes())
    validation = project / "nix" / "validation"
    listed = copied_files(validation)
    for path in listed:
        (validation / path).unlink(missing_ok=True)
    monkeypatch.chdir(project)
    monkeypatch.setenv("PATH", "/no-such-folder")
    assert (main(words) if words else assess.main([])) == 0
    assert [path for path in listed if not (validation / path).is_file()] == []
