"""`fediversity policy`: stacks are judged by the files of a checkout, without the engine."""

import shutil
from pathlib import Path

import pytest

from fediversity.cli.main import main
from fediversity.policy.rules import ABOUT

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the files that say what the stacks are, as the current folder."""
    for file in PROJECT.glob("Pulumi*.yaml"):
        shutil.copy2(file, tmp_path)
    shutil.copytree(PROJECT / "stacks", tmp_path / "stacks")
    monkeypatch.chdir(tmp_path)
    return tmp_path


pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_gcp")


def test_all_stacks_of_the_project_are_judged(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert project.exists()
    assert main(["policy"]) == 0
    said = capsys.readouterr().out
    assert [line.split()[1] for line in said.splitlines()] == ["dev", "production", "staging"]


def test_everything_that_is_broken_is_said_at_once_with_file_line_field_and_fix(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet = project / "stacks" / "production.yaml"
    text = fleet.read_text().replace("location: fsn1", "location: hel1").replace("monthly: 80", "monthly: 8")
    fleet.write_text(text)
    settings = project / "Pulumi.production.yaml"
    settings.write_text(settings.read_text().replace("protect: true", "protect: false"))

    assert main(["policy", "production"]) == 1

    said = capsys.readouterr().err
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "location: hel1" in line)
    assert (
        f"stacks/production.yaml:{line}: machines.cinnabar.provider.location: Server cinnabar-server stands in" in said
    )
    assert "policy.budget: a month would cost" in said
    assert "Pulumi.production.yaml: fediversity:protect: " in said
    for rule in ("places", "budget", "protection"):
        assert f"[{rule}]" in said
    assert said.count("    fix: ") == said.count(" [")


def test_the_rules_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "--rules"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(ABOUT)


def test_a_fleet_file_that_cannot_be_read_is_told_as_ever(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fleet = project / "stacks" / "dev.yaml"
    fleet.write_text(fleet.read_text().replace("cx53", "cx99"))
    assert main(["policy", "dev"]) == 1
    assert "unknown Hetzner server type 'cx99'" in capsys.readouterr().err
