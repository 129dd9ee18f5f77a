"""Where a stack's files are, whatever the current folder is, and that one command at a time works on it."""

from pathlib import Path

import pytest

from fediversity.project.project import Project
from fediversity.project.settings import SettingsError, parse_settings
from fediversity.support.errors import RefusedError


def project(root: Path, stack: str = "dev", **settings: str) -> Project:
    """A stack of a checkout."""
    return Project(root, parse_settings(stack, {"fleet": f"stacks/{stack}.yaml", **settings}))


def test_every_path_is_below_the_checkout_and_is_shown_as_people_know_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = project(tmp_path, flake="systems/nix")
    paths = (found.stack_file, found.fleet_file, found.flake, found.folder, found.ledger_file, found.known_hosts)
    assert [found.relative(path) for path in paths] == [
        "Pulumi.dev.yaml",
        "stacks/dev.yaml",
        "systems/nix",
        ".fediversity/dev",
        ".fediversity/dev/ledger.sqlite",
        ".fediversity/dev/known_hosts",
    ]


def test_a_path_outside_the_checkout_is_shown_whole(tmp_path: Path) -> None:
    assert project(tmp_path / "checkout").relative(tmp_path / "nix") == str(tmp_path / "nix")


def test_a_stack_without_a_file_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").touch()
    refused = pytest.raises(SettingsError, match=r"no stack devv: .* Known: dev")
    with refused, project(tmp_path, "devv").only_run():
        pass


def test_two_commands_cannot_work_on_one_stack_at_once(tmp_path: Path) -> None:
    for stack in ("dev", "staging"):
        (tmp_path / f"Pulumi.{stack}.yaml").touch()
    dev, staging = project(tmp_path), project(tmp_path, "staging")
    refused = pytest.raises(RefusedError, match=r"another \./just is working on stack dev")
    with dev.only_run(), staging.only_run(), refused, dev.only_run():
        pass
    with dev.only_run():
        pass
