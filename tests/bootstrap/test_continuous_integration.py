"""What `.ci/run` does with a clone of the project, with stand-ins of the commands that it starts."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "run"

# Each stand-in writes down what it was asked, and what it sees.
_SEES = 'echo "$* | $(test -e ../shared && echo shared || echo alone) | $HOME | ${FEDIVERSITY_REQUIRE-} | $PWD"'
_JUST = f"""#!/bin/sh
if [ "$1" = --print-path ]; then echo "$PWD/bin:$PATH"; exit; fi
{_SEES} >>"$CALLS"
echo "$2 passed"
exit "$SUITE"
"""
_PYTHON = f"""#!/bin/sh
{_SEES} >>"$CALLS"
[ "$2" != pytest ] || exit "$COMPARISONS"
"""


@dataclass(frozen=True)
class Call:
    """What a command was asked, and what it saw."""

    words: str
    beside: str
    home: str
    required: str
    folder: str


@dataclass(frozen=True)
class Ran:
    """How the script ended."""

    status: int
    output: str
    calls: tuple[Call, ...]


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the script in a checkout of a project that has nothing but stand-ins."""
    checkout = tmp_path / "checkout"
    for name, text in (("just", _JUST), ("bin/python", _PYTHON)):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(text)
        (checkout / name).chmod(0o755)
    (checkout / ".ci").mkdir()
    shutil.copy(SCRIPT, checkout / ".ci")
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=checkout, check=True)

    def start(*, suite: int = 0, comparisons: int = 0) -> Ran:
        calls, scratch = tmp_path / "calls", tmp_path / "scratch"
        scratch.mkdir()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "TMPDIR": str(scratch),
            "CALLS": str(calls),
            "SUITE": str(suite),
            "COMPARISONS": str(comparisons),
        }
        done = subprocess.run(
            ["sh", str(checkout / ".ci" / "run")],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert list(scratch.iterdir()) == [], "it left something behind"
        lines = (line.split(" | ") for line in calls.read_text().splitlines())
        return Ran(done.returncode, done.stdout, tuple(Call(*parts) for parts in lines))

    return start


@pytest.fixture
def neighbour(tmp_path: Path) -> None:
    """A folder with newer sources beside the checkout."""
    (tmp_path / "shared").mkdir()


beside_a_neighbour = pytest.mark.usefixtures("neighbour")


@beside_a_neighbour
def test_the_readme_s_command_sees_no_neighbour_and_no_file_of_the_person_s(run: Run, tmp_path: Path) -> None:
    ran = run()

    *_, command = ran.calls
    assert (command.words, command.beside) == ("test", "alone")
    assert command.home != str(tmp_path)
    assert command.folder != str(tmp_path / "checkout")
    assert command.required == "nix-tools,openssh-server"
    assert ran.status == 0


@beside_a_neighbour
def test_the_comparisons_see_the_neighbour_and_must_find_it(run: Run) -> None:
    (compared,) = [call for call in run().calls if "pytest" in call.words]

    assert "-m neighbour" in compared.words
    assert (compared.beside, compared.required) == ("shared", "neighbours")


def test_without_a_neighbour_only_the_readme_s_command_runs(run: Run) -> None:
    assert [call.words for call in run().calls if "bootstrap" not in call.words] == ["test"]


@beside_a_neighbour
@pytest.mark.parametrize(("suite", "comparisons", "status"), [(0, 1, 1), (1, 0, 1), (1, 1, 1), (5, 0, 5)])
def test_it_fails_when_either_fails(run: Run, suite: int, comparisons: int, status: int) -> None:
    ran = run(suite=suite, comparisons=comparisons)

    assert ran.status == status
    assert ran.calls[-1].words == "test", "the other must run all the same"
