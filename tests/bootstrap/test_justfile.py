"""The recipes that people and CI rely on."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fediversity.cli.commands import COMMANDS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def recipes() -> dict[str, Any]:
    just = Path(sys.executable).parent / "just"
    dump = [str(just), "--justfile", str(ROOT / "Justfile"), "--dump", "--dump-format", "json"]
    found = json.loads(subprocess.run(dump, capture_output=True, text=True, check=True).stdout)
    recipes: dict[str, Any] = found["recipes"]
    return recipes


@pytest.mark.parametrize(
    "name",
    [
        "up",
        "preview",
        "destroy",
        "refresh",
        "plan",
        "render",
        "status",
        "probe",
        "validate",
        "test",
        "check",
        "build",
        "clean",
    ],
)
def test_a_recipe_of_the_common_interface_takes_a_stack_which_is_dev_unless_named(
    recipes: dict[str, Any], name: str
) -> None:
    stack = recipes[name]["parameters"][0]
    assert (stack["name"], stack["default"]) == ("stack", "dev")


def test_every_recipe_that_is_listed_says_what_it_does(recipes: dict[str, Any]) -> None:
    silent = [name for name, recipe in recipes.items() if not recipe["doc"] and not recipe["private"]]
    assert silent == []


DEVELOPERS = frozenset(
    {"check", "fmt", "quick", "test", "bench-rollout", "bench-idle", "build", "clean", "nix-flake-check", "default"}
)
"""Recipes that chain the tools of developers (ruff, mypy, pytest, pip, nix)."""


def test_every_other_recipe_is_one_line_that_calls_a_command(recipes: dict[str, Any]) -> None:
    for name in recipes.keys() - DEVELOPERS:
        [[line]] = recipes[name]["body"]
        program, command, *rest = line.split()
        assert (program, rest) in [("@fediversity", []), ("@fediversity", ['"$@"'])], name
        assert command in COMMANDS, name


def test_the_recipes_for_the_engine_and_the_plug_ins_are_there(recipes: dict[str, Any]) -> None:
    assert {"plugins", "engine", "pulumi", "resolve", "fmt"} <= recipes.keys()


def test_the_check_of_developers_and_the_look_at_machines_are_two_recipes(recipes: dict[str, Any]) -> None:
    assert "fediversity validate" in json.dumps(recipes["check"]["body"])
    assert "fediversity probe" in json.dumps(recipes["probe"]["body"])
    assert "fediversity probe" not in json.dumps([recipes[name]["body"] for name in ("check", "test", "build")])


def test_validate_with_the_options_for_nix_that_it_once_took_names_the_recipe_that_takes_them(tmp_path: Path) -> None:
    just = Path(sys.executable).parent / "just"
    words = ["--", "--override-input", "clan-core", "path:/x y"]
    done = subprocess.run(
        [just, "--justfile", ROOT / "Justfile", "validate", *words],
        env={
            "PATH": f"{just.parent}:/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "HOME": str(tmp_path),
            "FEDIVERSITY_READY": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert f"./just assess {' '.join(words)}" in done.stderr


@pytest.mark.parametrize("name", ["logs", "rollback"])
def test_what_is_about_one_machine_takes_the_machine_first(recipes: dict[str, Any], name: str) -> None:
    machine = recipes[name]["parameters"][0]
    assert (machine["name"], machine["default"]) == ("machine", None)


def test_nix_files_are_checked_by_check_and_formatted_by_fmt(recipes: dict[str, Any]) -> None:
    assert ["fediversity nix-check"] in recipes["check"]["body"]
    assert ["fediversity nix-fmt"] in recipes["fmt"]["body"]


def test_only_what_checks_nix_files_gets_the_programs_for_it(recipes: dict[str, Any]) -> None:
    """They take a minute to build, which nobody who rolls something out should wait for."""
    programs = re.compile(r"bootstrap nix-tools|fediversity nix-(check|fmt)")
    users = {name for name, recipe in recipes.items() if programs.search(json.dumps(recipe["body"]))}
    assert users == {"check", "fmt", "test", "nix-check"}


def test_clean_never_names_the_state(recipes: dict[str, Any]) -> None:
    body = json.dumps(recipes["clean"]["body"])
    assert ".pulumi" not in body
    assert "ledger" not in body
    assert ".fediversity/ " not in body


def test_ci_calls_the_tests_as_a_person_does() -> None:
    assert "./just test ||" in (ROOT / ".ci" / "run").read_text()
