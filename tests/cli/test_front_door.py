"""Every command is behind the one door: what it is given, what it explains, and what it hands on."""

import argparse
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import fediversity.cli
from fediversity.cli.commands import COMMANDS, FORWARDS_OPTIONS, GROUPS, RENAMED, TAKES_ALL_WORDS
from fediversity.cli.main import main
from fediversity.cli.parsers import command_module, command_parser, parse

Output = pytest.CaptureFixture[str]


@pytest.fixture
def rollout(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines that reach the room that runs Pulumi. None of them is carried out."""
    lines: list[list[str]] = []

    def record(words: Sequence[str]) -> int:
        lines.append(list(words))
        return 7

    monkeypatch.setattr("fediversity.rollout.__main__.main", record)
    return lines


def test_each_module_with_a_parser_is_a_command_and_each_command_has_one() -> None:
    [folder] = fediversity.cli.__path__
    files = Path(folder).glob("*.py")
    assert {file.stem.replace("_", "-") for file in files if "\ndef register(" in file.read_text()} == set(COMMANDS)


def test_no_command_is_in_two_groups_and_the_special_ones_exist() -> None:
    assert sum(len(group) for group in GROUPS.values()) == len(COMMANDS)
    assert set(COMMANDS) >= FORWARDS_OPTIONS | TAKES_ALL_WORDS | set(RENAMED.values())


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_a_command_are_in_its_help_and_its_parser_takes_them(name: str) -> None:
    examples = command_module(name).EXAMPLES
    assert examples
    text = command_parser(name).format_help()
    for example in examples:
        program, command, *words = shlex.split(example)
        assert (program, command) == ("fediversity", name)
        assert f"\n  {example}\n" in text
        parsed = parse(name, words[: words.index(">")] if ">" in words else words)
        assert isinstance(parsed, argparse.Namespace)


@pytest.mark.parametrize("words", ["local fault", "local faults", "local heal", "state init"])
def test_each_verb_has_an_example_of_its_own(words: str, capsys: Output) -> None:
    with pytest.raises(SystemExit) as end:
        main([*words.split(), "--help"])
    assert end.value.code == 0
    _, _, examples = capsys.readouterr().out.partition("\nexample")
    assert f"\n  fediversity {words}" in examples
    assert examples.count("\n  fediversity ") == examples.count(f"\n  fediversity {words}")


@pytest.mark.parametrize(
    ("words", "handed_on"),
    [
        ("up", "up dev"),
        ("up --plain", "up dev --plain"),
        ("up dev --verbose --events x.jsonl", "up dev --verbose --events x.jsonl"),
        ("up staging --plain --target urn:a --yes", "up staging --plain --target urn:a --yes"),
        ("preview staging --diff", "preview staging --diff"),
        ("preview --plugins local production --json", "preview production --plugins local --json"),
        ("preview production --plugins=local", "preview production --plugins local"),
        ("refresh dev --yes", "refresh dev --yes"),
        ("destroy --ver", "destroy dev --ver"),
        ("lift production --target urn:a", "lift production --target urn:a"),
        ("resolve dev urn:a=7 urn:b=", "resolve dev urn:a=7 urn:b="),
        ("init", "init dev"),
        ("pulumi stack ls --help --json", "pulumi stack ls --help --json"),
        ("pulumi", "pulumi"),
    ],
)
def test_what_a_person_writes_reaches_the_rollout_and_its_exit_code_counts(
    rollout: list[list[str]], words: str, handed_on: str
) -> None:
    assert main(words.split()) == 7
    assert rollout == [handed_on.split()]


@pytest.mark.parametrize("words", ["resolve", "preview dev --plugins strange", "init dev --yes", "schema --check more"])
def test_what_no_command_takes_reaches_nothing(rollout: list[list[str]], words: str, capsys: Output) -> None:
    with pytest.raises(SystemExit) as end:
        main(words.split())
    assert end.value.code == 2
    assert f"usage: fediversity {words.split(maxsplit=1)[0]}" in capsys.readouterr().err
    assert rollout == []


def test_a_misspelt_command_names_the_similar_one(capsys: Output) -> None:
    with pytest.raises(SystemExit) as end:
        main(["prevew", "dev"])
    assert end.value.code == 2
    assert "'preview'" in capsys.readouterr().err


@pytest.mark.usefixtures("project")
def test_an_earlier_name_does_the_same_and_says_the_new_one(capsys: Output) -> None:
    assert main(["validate"]) == 0
    new = capsys.readouterr()
    assert main(["lint"]) == 0
    old = capsys.readouterr()
    assert old.out == new.out
    assert "`validate`" in old.err


@pytest.mark.parametrize("words", [["--help"], *([name, "--help"] for name in (*sorted(FORWARDS_OPTIONS), "pulumi"))])
def test_help_imports_neither_planning_nor_the_rollout(words: list[str]) -> None:
    code = f"""
import sys
from fediversity.cli.main import main
try:
    main({words!r})
except SystemExit as end:
    assert end.code == 0
assert not {{"yaml", "pydantic", "fediversity.rollout", "fediversity.ledger", "sqlite3"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_rollout_as_a_module_is_the_same_command(tmp_path: Path) -> None:
    ends = []
    for module in ("fediversity.rollout", "fediversity.cli.main"):
        done = subprocess.run(
            [sys.executable, "-m", module, "preview", "nowhere"],
            cwd=tmp_path,
            env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        ends.append((done.returncode, done.stdout, done.stderr))
    assert ends[0] == ends[1]
    assert ends[0][0] == 1
