"""The files that clan writes into the flake are registered with git, and not staged or committed."""

import subprocess
from pathlib import Path

import pytest

from fediversity.steps.act.git_tracking import register_new_files
from fediversity.steps.job import StepError
from tests.steps.site import Site


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True)
    return done.stdout


def flake_in_repository(site: Site) -> Path:
    git(site.project, "init", "--quiet")
    flake = site.project / "nix"
    for name in ("vars/shared/net/id/value", "machines/cinnabar/facter.json", "sops/users/me/key.json", "notes.txt"):
        (flake / name).parent.mkdir(parents=True, exist_ok=True)
        (flake / name).write_text("new")
    return flake


def test_what_clan_has_written_is_known_and_not_staged(site: Site) -> None:
    flake = flake_in_repository(site)
    register_new_files(site.context("vars", subject="fleet"))
    known = {"nix/machines/cinnabar/facter.json", "nix/sops/users/me/key.json", "nix/vars/shared/net/id/value"}
    assert set(git(site.project, "ls-files").split()) == known
    assert git(site.project, "diff", "--cached", "--name-only") == ""
    assert (flake / "notes.txt").exists()


def test_a_simulated_stack_leaves_the_repository_alone(site: Site) -> None:
    flake_in_repository(site)
    register_new_files(site.context("vars", subject="fleet", simulated=True))
    assert git(site.project, "ls-files") == ""


def test_a_flake_outside_a_repository_is_left_as_it_is(site: Site) -> None:
    (site.project / "nix" / "vars").mkdir(parents=True)
    register_new_files(site.context("vars", subject="fleet"))


def test_a_repository_that_takes_nothing_is_named_with_what_to_do(site: Site) -> None:
    flake_in_repository(site)
    (site.project / ".git" / "index.lock").touch()
    with pytest.raises(StepError, match="git does not take the files that clan has written") as caught:
        register_new_files(site.context("vars", subject="fleet"))
    assert "add --intent-to-add machines sops vars" in caught.value.hint
