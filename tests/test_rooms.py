"""The rooms of the architecture: what each imports is what docs/architecture.md says it may."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
PACKAGE = PROJECT / "fediversity"
_ROW = re.compile(r"^\| `(?P<room>\w+)/` \|.*\|(?P<may>[^|]*)\|$", re.MULTILINE)


def rules() -> dict[str, tuple[str, ...]]:
    """For each room the modules that the table of rooms lets it import: other rooms, and packages from outside."""
    text = (PROJECT / "docs" / "architecture.md").read_text()
    return {row["room"]: tuple(re.findall(r"`([\w.]+)`", row["may"])) for row in _ROW.finditer(text)}


RULES = rules()


def imported(file: Path) -> Iterator[tuple[int, str]]:
    """The line and the full name of every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(file.read_text(), str(file))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} imports by a relative name"
            # `from fediversity.fleet import catalogue` imports a module, too; other names do no harm to the check.
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def foreign(file: Path, room: str) -> Iterator[tuple[int, str]]:
    """What a file of a room imports from outside the room and the standard library; rooms by their short names."""
    for line, name in imported(file):
        first, _, rest = name.partition(".")
        if first == "fediversity":
            # The package by itself holds nothing.
            if rest and not _covers(room, rest):
                yield line, rest
        elif first not in sys.stdlib_module_names:
            yield line, name


def _covers(allowed: str, name: str) -> bool:
    return name == allowed or name.startswith(f"{allowed}.")


def test_every_folder_of_the_package_is_a_room_of_the_table() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/*.py")}
    assert set(RULES) == folders


@pytest.mark.parametrize("room", sorted(RULES))
def test_a_room_imports_what_the_table_says_and_nothing_else(room: str) -> None:
    wrong = [
        f"{file.relative_to(PROJECT)}:{line} imports {name}"
        for file in sorted((PACKAGE / room).rglob("*.py"))
        for line, name in foreign(file, room)
        if not any(_covers(allowed, name) for allowed in RULES[room])
    ]
    assert wrong == []


@pytest.mark.parametrize("room", sorted(RULES))
def test_the_table_lets_a_room_import_only_what_it_needs(room: str) -> None:
    needed = {name for file in (PACKAGE / room).rglob("*.py") for _, name in foreign(file, room)}
    assert [allowed for allowed in RULES[room] if not any(_covers(allowed, name) for name in needed)] == []


def test_nothing_in_the_table_imports_back() -> None:
    rooms = {room: {allowed.partition(".")[0] for allowed in may} & set(RULES) for room, may in RULES.items()}
    while rooms:
        ready = {room for room, others in rooms.items() if not others & set(rooms)}
        assert ready, f"these rooms import each other in a circle: {sorted(rooms)}"
        rooms = {room: others for room, others in rooms.items() if room not in ready}


def test_only_the_declaring_room_may_import_pulumi_and_the_embedded_cloud_no_more_than_the_protocol() -> None:
    with_pulumi = {room: {name for name in may if name.startswith("pulumi")} for room, may in RULES.items()}
    assert with_pulumi.pop("embedded_cloud") == {"pulumi.runtime.proto"}
    assert {room for room, names in with_pulumi.items() if names} == {"program"}


def test_the_protocol_is_imported_for_its_types_only() -> None:
    for file in (PACKAGE / "embedded_cloud").rglob("*.py"):
        tree = ast.parse(file.read_text())
        for_types = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pulumi"):
                assert node in for_types, f"{file}:{node.lineno} would load Pulumi's SDK"


def test_no_room_imports_the_embedded_cloud() -> None:
    rooms = [room for room, may in RULES.items() if any(name.startswith("embedded_cloud") for name in may)]
    assert rooms == ["local"], "only its own earlier name"


def test_the_program_itself_is_short_and_connects_only() -> None:
    program = PROJECT / "__main__.py"
    assert len(program.read_text().splitlines()) < 30
    allowed = {"fleet", "planning", "program", "project", "pulumi", "support"}
    assert {name.partition(".")[0] for _, name in foreign(program, "__main__")} <= allowed
