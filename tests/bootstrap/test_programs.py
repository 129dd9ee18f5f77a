"""Compiled programs out of Python packages, on a computer that cannot start them, as NixOS."""

import os
from pathlib import Path

import pytest

from fediversity.bootstrap.paths import Paths
from fediversity.bootstrap.report import BootstrapError
from fediversity.bootstrap.wrappers import ensure_programs_start
from tests.bootstrap.conftest import Computer


def in_venv(computer: Computer, name: str, script: str = "exit 127") -> Path:
    return computer.program(name, script, computer.places.venv / "bin")


def ensure(places: Paths, *folders: Path) -> None:
    ensure_programs_start(places, {"PATH": os.pathsep.join(map(str, folders))})


def test_programs_that_start_are_left_alone(computer: Computer) -> None:
    ours = [in_venv(computer, name, "") for name in ("just", "ruff")]
    computer.program("just", "")
    ensure(computer.places, computer.bin)
    assert not any(path.is_symlink() for path in ours)


def test_one_that_does_not_start_gives_way_to_the_computer_s_own(
    computer: Computer, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = [in_venv(computer, name) for name in ("just", "ruff")]
    own = [computer.program(name, "") for name in ("just", "ruff")]
    ensure(computer.places, computer.places.venv / "bin", computer.bin)
    assert [path.readlink() for path in ours] == own
    assert f"{own[0]} takes its place" in capsys.readouterr().err


def test_our_own_script_never_takes_the_place_of_just(computer: Computer) -> None:
    in_venv(computer, "just")
    computer.program("just", "", computer.places.root)
    with pytest.raises(BootstrapError, match="nix develop"):
        ensure(computer.places, computer.places.root)


def test_a_link_whose_target_is_gone_is_replaced(computer: Computer) -> None:
    ours = in_venv(computer, "just")
    ours.unlink()
    ours.symlink_to("/nix/store/collected/bin/just")
    own = computer.program("just", "")
    ensure(computer.places, computer.bin)
    assert ours.readlink() == own


def test_the_linter_alone_stops_nothing(computer: Computer) -> None:
    in_venv(computer, "just", "")
    ruff = in_venv(computer, "ruff")
    ensure(computer.places, computer.bin)
    assert not ruff.is_symlink()
