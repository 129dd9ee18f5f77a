"""A small fact is written down once: its literal stands in one file of the package."""

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "fediversity"


@cache
def literals(file: Path) -> tuple[object, ...]:
    """The constants of a file's code, pieces of f-strings among them; docstrings are prose."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    prose = {node.value for node in nodes if isinstance(node, ast.Expr)}
    return tuple(node.value for node in nodes if isinstance(node, ast.Constant) and node not in prose)


def files_with(fact: object) -> list[str]:
    """Where a number stands, or a text as a whole, by file."""
    return sorted(
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        if any(type(value) is type(fact) and value == fact for value in literals(file))
    )


@pytest.mark.parametrize(
    ("fact", "file"),
    [
        ("0.0.0-local", "support/constants.py"),
        (9993, "support/constants.py"),
        ("limits.json", "support/layout.py"),
        ("ledger.sqlite", "support/layout.py"),
        (".fediversity", "support/layout.py"),
        ("roles/owner", "fleet/providers/google/model.py"),
        ("-update", None),
        ("a2-", "fleet/providers/google/catalogue.py"),
        ("eur4", "fleet/providers/google/catalogue.py"),
        ("FEDIVERSITY_DEBUG", "support/debug.py"),
    ],
)
def test_the_literal_of_a_fact_stands_in_one_file(fact: object, file: str | None) -> None:
    assert files_with(fact) == ([] if file is None else [file])


def test_locks_are_taken_in_one_place() -> None:
    users = {str(file.relative_to(PACKAGE)) for file in PACKAGE.rglob("*.py") if "import fcntl" in file.read_text()}
    assert users == {"support/locks.py"}


def test_the_yes_or_no_question_is_asked_in_one_place() -> None:
    users = {str(file.relative_to(PACKAGE)) for file in PACKAGE.rglob("*.py") if "[y/N]" in file.read_text()}
    # The stand-in for clan asks in clan's own words.
    assert users == {"support/prompt.py", "embedded_cloud/tools/clan_machines.py"}


def test_the_kinds_of_steps_are_listed_once() -> None:
    users = [
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        if any(
            isinstance(node, ast.Subscript)
            and ast.unparse(node.value) == "Literal"
            and {"'vars'", "'reach'"} <= {ast.unparse(word) for word in ast.walk(node.slice)}
            for node in ast.walk(ast.parse(file.read_text()))
        )
    ]
    assert users == ["ledger/records.py"]


def test_the_outcomes_that_count_as_well_are_listed_once() -> None:
    users = [
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        if any(
            isinstance(node, ast.Set) and {ast.unparse(entry) for entry in node.elts} == {"'applied'", "'unchanged'"}
            for node in ast.walk(ast.parse(file.read_text()))
        )
    ]
    assert users == ["ledger/records.py"]


def test_the_simulated_installer_needs_the_memory_that_a_fleet_file_is_checked_for() -> None:
    for user in ("fleet/checks/machines.py", "steps/observe/preflight.py", "embedded_cloud/machines/power.py"):
        assert "from fediversity.support.constants import INSTALLER_MEMORY_MIB" in (PACKAGE / user).read_text()
