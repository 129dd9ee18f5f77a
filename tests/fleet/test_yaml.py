"""YAML that surprises is refused: with its line, without follow-up, and without ever crashing or running anything."""

from pathlib import Path

import pytest

from fediversity.fleet.diagnostics import FleetError, Problem
from fediversity.fleet.load import load_fleet, parse_fleet
from fediversity.fleet.yaml_reader import read_yaml
from tests.fleet.good import GOOD, edited
from tests.fleet.nasty import PLACES, WHOLE_FILES, Nasty


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(FleetError) as refused:
        parse_fleet(text, "fleet.yaml")
    return refused.value.problems


@pytest.mark.parametrize("nasty", [*WHOLE_FILES, *PLACES], ids=lambda nasty: nasty.name.replace(" ", "-"))
def test_nasty_yaml_is_refused_with_one_problem_on_its_line_and_a_fix(nasty: Nasty) -> None:
    found = problems(nasty.text)
    assert len(found) == 1, "one cause is one problem:\n" + "\n".join(map(str, found))
    assert (found[0].line, found[0].field) == (nasty.line, nasty.field)
    assert nasty.what in found[0].what
    assert nasty.fix in found[0].fix


def test_a_number_without_end_is_refused_and_not_printed() -> None:
    (problem,) = problems(edited("port: 2222}", f"port: {'9' * 5000}}}"))
    assert "is too large a number" in problem.what
    assert len(problem.what) < 100


def test_a_word_that_looks_like_a_date_stays_text() -> None:
    fleet = parse_fleet(edited("    tags: [spare]\n", "    tags: [spare]\n    description: 2026-11-21\n"), "fleet.yaml")
    assert fleet.machines["yew"].description == "2026-11-21"


def test_windows_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_fleet(file) == parse_fleet(GOOD, "fleet.yaml")


def test_names_beyond_ascii_are_kept_where_text_is_free() -> None:
    text = edited(
        "display_name: The gardener, email: gardener@garden.example}\n    after",
        ("display_name: 'Grüße {aus} 庭', email: gardener@garden.example}\n    after"),
    )
    assert parse_fleet(text, "fleet.yaml").deployments["flowers"].initial_user.display_name == "Grüße {aus} 庭"


def test_a_file_that_is_not_utf_8_is_refused_with_the_line_of_the_first_bad_byte(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_bytes("version: 1\nname: gärten\n".encode("latin-1"))
    with pytest.raises(FleetError) as refused:
        load_fleet(file)
    assert str(refused.value).startswith(f"{file}:2: not UTF-8 text\n    fix: save the file as UTF-8")


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(FleetError) as refused:
        load_fleet(tmp_path / name)
    (problem,) = refused.value.problems
    assert (problem.file, problem.line) == (str(tmp_path / name), 0)
    assert "cannot be read" in problem.what
    assert "fediversity:fleet" in problem.fix


def test_every_value_knows_its_line() -> None:
    text = "a:\n  - b: 1\n\n  - [2,\n     3]\nc: {d: 4}\n"
    source = read_yaml(text, "fleet.yaml")
    assert source.data == {"a": [{"b": 1}, [2, 3]], "c": {"d": 4}}
    lines = {where: source.lines.line(where) for where in [("a",), ("a", 0), ("a", 1), ("a", 1, 1), ("c", "d")]}
    assert lines == {("a",): 1, ("a", 0): 2, ("a", 1): 4, ("a", 1, 1): 5, ("c", "d"): 6}


def test_what_is_not_in_the_file_has_the_line_of_what_is_around_it() -> None:
    source = read_yaml("a:\n  b:\n    c: 1\n", "fleet.yaml")
    assert source.lines.line(("a", "b", "missing", 3)) == 2


def test_control_characters_and_long_tokens_do_not_reach_the_terminal() -> None:
    text = edited("mesh: roots\n", f'mesh: "\\e[31m\\u202e"\n    {"t0ken" * 8}: 1\n')
    message = "\n".join(map(str, problems(text)))
    assert "\x1b" not in message
    assert "\u202e" not in message
    assert "t0ken" * 2 not in message
    assert "unknown key 't0ke…'" in message
