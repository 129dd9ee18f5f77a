"""The program as the engine starts it: settings, fleet and hand-off from the project's files."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pulumi
import pytest
import yaml

from fediversity.fleet.fleet_json import render_text
from fediversity.fleet.load import load_fleet
from tests.planning.samples import PROJECT, dev_fleet, plan_of
from tests.program.programs import DEV_CONFIG, TOKEN, run_entry_point


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the files that the program reads, as the current folder."""
    for name in ("stacks", "nix"):
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("result*"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def as_the_engine_gives_it(config: Mapping[str, object]) -> dict[str, str]:
    """A stack's configuration as a program gets it: every value as text, groups as JSON."""
    texts = {}
    for key, value in config.items():
        texts[key] = value if isinstance(value, str) else json.dumps(value)
    return texts


def test_the_dev_stack_s_own_settings_declare_the_dev_fleet(project: Path) -> None:
    config = yaml.safe_load((PROJECT / "Pulumi.dev.yaml").read_text())["config"]
    recording = run_entry_point(as_the_engine_gives_it(config))
    assert project.exists()
    assert sorted(recording.commands) == sorted(plan_of(dev_fleet()).by_name)
    assert set(recording.stack_outputs["addresses"]) == set(dev_fleet().enabled_machines)


def test_the_settings_of_these_tests_are_those_of_the_dev_stack() -> None:
    config = yaml.safe_load((PROJECT / "Pulumi.dev.yaml").read_text())["config"]
    assert as_the_engine_gives_it(config) == DEV_CONFIG


def test_the_fingerprints_of_updates_are_those_of_the_flake(project: Path) -> None:
    def fingerprints() -> dict[str, str]:
        found = run_entry_point(DEV_CONFIG).commands.items()
        return {name: entry.inputs["environment"].get("FEDIVERSITY_FINGERPRINT", "") for name, entry in found}

    before = fingerprints()
    module = project / "nix" / "modules" / "machines" / "rosegold.nix"
    module.write_text(module.read_text() + "\n")
    after = fingerprints()
    assert {name for name in before if before[name] != after[name]} == {"rosegold-update"}


def test_a_real_stack_says_once_that_there_is_no_nix_and_a_simulated_one_says_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("pulumi.log.info", said.append)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("GOOGLE_CREDENTIALS", "{}")
    run_entry_point(DEV_CONFIG)
    assert said == []

    fleet = project / "stacks" / "dev.yaml"
    operators = "\noperators: {someone: {keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA someone]}}\n"
    fleet.write_text(fleet.read_text() + operators)
    (project / "nix" / "fleet.json").write_text(render_text(load_fleet(fleet)))
    real = {"fediversity:fleet": DEV_CONFIG["fediversity:fleet"], "hcloud:token": TOKEN}
    updates = [name for name in run_entry_point(real).commands if name.endswith("-update")]
    assert updates, "the steps are declared all the same"
    assert said == ["there is no `nix` on PATH: whether a machine has changed is told by its source files."]


def test_a_stale_hand_off_is_refused_and_nothing_is_declared(project: Path) -> None:
    file = project / "nix" / "fleet.json"
    file.write_text(file.read_text().replace("First Mac", "Second Mac"))
    with pytest.raises(pulumi.RunError, match="stale") as refused:
        run_entry_point(DEV_CONFIG)
    assert "render" in str(refused.value)


def test_a_broken_fleet_file_is_one_clear_error_with_its_lines(project: Path) -> None:
    file = project / "stacks" / "dev.yaml"
    file.write_text(file.read_text().replace("cx53", "cx99").replace("zone: us-central1-b", "zone: nowhere"))
    with pytest.raises(pulumi.RunError) as refused:
        run_entry_point(DEV_CONFIG)
    text = str(refused.value)
    assert "stacks/dev.yaml:" in text
    assert "cx99" in text
    assert "nowhere" in text
    assert "Traceback" not in text


def test_wrong_settings_are_one_clear_error(project: Path) -> None:
    assert project.exists()
    with pytest.raises(pulumi.RunError) as refused:
        run_entry_point({"fediversity:machines": "imaginary", "fediversity:protect": "perhaps"})
    for wrong in ("fediversity:machines", "fediversity:protect", "fediversity:fleet", "Pulumi.dev.yaml"):
        assert wrong in str(refused.value)


def test_a_setting_that_nobody_knows_is_refused_by_name_and_those_of_others_are_theirs(project: Path) -> None:
    assert project.exists()
    run_entry_point(DEV_CONFIG | {"hcloud:protected": "true", "fediversity-more:protected": "true"})
    with pytest.raises(pulumi.RunError) as refused:
        run_entry_point(DEV_CONFIG | {"fediversity:protected": "true"})
    assert "fediversity:protected: unknown setting; known: " in str(refused.value)


def test_a_checkout_whose_path_the_tools_cannot_carry_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.rename(project.with_name("my fleet")))
    with pytest.raises(pulumi.RunError, match="my fleet") as refused:
        run_entry_point(DEV_CONFIG)
    assert "fix: move the checkout" in str(refused.value)
