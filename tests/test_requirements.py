"""What is required of a computer: a skip becomes a failure there, and a word that means nothing is refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.requirements import NIX_TOOLS, OPENSSH_SERVER, VARIABLE, required, unavailable

ROOT = Path(__file__).parents[1]


def test_nothing_is_required_if_nothing_is_said() -> None:
    assert required({}) == frozenset()


def test_what_is_named_is_required() -> None:
    assert required({VARIABLE: "nix-tools, openssh-server"}) == {NIX_TOOLS, OPENSSH_SERVER}


def test_a_word_that_means_nothing_is_refused_with_the_words_there_are() -> None:
    with pytest.raises(pytest.UsageError, match=r"unknown nix-tool; known: neighbours, nix, nix-tools, openssh-server"):
        required({VARIABLE: "nix-tool"})


def test_what_is_missing_is_skipped_and_fails_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="no cargo"):
        unavailable(NIX_TOOLS, "no cargo")
    monkeypatch.setenv(VARIABLE, NIX_TOOLS)
    with pytest.raises(pytest.fail.Exception, match="no cargo"):
        unavailable(NIX_TOOLS, "no cargo")
    with pytest.raises(pytest.skip.Exception, match="no server"):
        unavailable(OPENSSH_SERVER, "no server")


def test_the_summary_says_each_reason_for_a_skip_once(tmp_path: Path) -> None:
    file = tmp_path / "test_skipped.py"
    file.write_text(
        "import pytest\n"
        "def test_one(): pytest.skip('no cargo')\n"
        "@pytest.mark.skip(reason='no cargo')\n"
        "def test_two(): pass\n"
        "@pytest.fixture\n"
        "def server(): pytest.skip('no server')\n"
        "def test_three(server): pass\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.conftest",
        "-ra",
        "-c",
        os.devnull,
        "-p",
        "no:cacheprovider",
    ]

    done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False, cwd=ROOT)

    skipped = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    assert [(line.split()[1], line.rpartition(": ")[2].removeprefix("Skipped: ")) for line in skipped] == [
        ("[2]", "no cargo"),
        ("[1]", "no server"),
    ], done.stdout
