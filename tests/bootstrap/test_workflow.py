"""What a forge runs for each change: the commands that people run, with no more rights than that takes."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step of every workflow, with its job's name."""
    for path in WORKFLOWS:
        for name, job in yaml.safe_load(path.read_text())["jobs"].items():
            yield from ((name, step) for step in job["steps"])


def commands(job: str | None = None) -> list[list[str]]:
    """What the steps of a job run, or of all jobs, a line each."""
    lines = [line for name, step in steps() if job in (None, name) for line in step.get("run", "").splitlines()]
    return [shlex.split(line) for line in lines if line.strip()]


@pytest.fixture(scope="module")
def recipes() -> dict[str, Any]:
    just = Path(sys.executable).parent / "just"
    dump = [str(just), "--justfile", str(ROOT / "Justfile"), "--dump", "--dump-format", "json"]
    found: dict[str, Any] = json.loads(subprocess.run(dump, capture_output=True, text=True, check=True).stdout)
    recipes: dict[str, Any] = found["recipes"]
    return recipes


def test_a_workflow_runs_the_tests_as_ci_and_people_do_without_nix() -> None:
    assert commands("test") == [["./just", "test"]]
    assert "./just test ||" in (ROOT / ".ci" / "run").read_text()


def test_each_command_of_a_workflow_is_one_that_people_have(recipes: dict[str, Any]) -> None:
    local = [line[0] for line in recipes["nix-flake-check"]["body"]]
    for command in commands():
        match command:
            case ["./just", recipe, *_] | ["nix", "develop", "./nix", "-c", "just", recipe, *_]:
                assert recipe in recipes, command
            case ["nix", "flake", "check", flake]:
                assert (ROOT / flake.removeprefix("path:$PWD/") / "flake.nix").is_file(), command
                words = shlex.join(command) if "$" not in flake else f'nix flake check "{flake}"'
                assert f'{words} "$@"' in local, "`just nix-flake-check` must run the same"
            case _:
                pytest.fail(f"{command} is no command that people run here")


def test_a_flake_is_checked_by_a_workflow_whole_as_soon_as_its_vars_are_there() -> None:
    guards = {step["run"]: step.get("if") for _, step in steps() if step.get("run", "").startswith("nix flake check")}
    assert guards == {
        "nix flake check ./nix": "hashFiles('nix/vars/**') != ''",
        'nix flake check "path:$PWD/nix/validation"': "hashFiles('nix/validation/vars/**') != ''",
    }


def test_every_workflow_can_only_read_ends_in_time_and_runs_for_every_change() -> None:
    assert WORKFLOWS
    for path in WORKFLOWS:
        # YAML 1.1 reads the bare word `on` as true.
        workflow = yaml.safe_load(path.read_text())
        assert {"push", "pull_request"} <= workflow[True].keys()
        assert "pull_request_target" not in workflow[True], "it would give strangers' code the repository's rights"
        assert workflow["permissions"] == {"contents": "read"}
        assert workflow["concurrency"]["group"]
        for name, job in workflow["jobs"].items():
            assert job["timeout-minutes"] <= 120, name
            assert "permissions" not in job, name


def test_every_action_is_pinned_by_its_commit_and_says_its_release() -> None:
    used = [line for path in WORKFLOWS for line in path.read_text().splitlines() if re.match(r"\s*(- )?uses:", line)]
    assert len(used) == sum("uses" in step for _, step in steps())
    for line in used:
        assert re.search(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_no_step_keeps_the_forge_s_token_or_reads_a_secret() -> None:
    checkouts = [step for _, step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    assert "secrets." not in "".join(path.read_text() for path in WORKFLOWS)
