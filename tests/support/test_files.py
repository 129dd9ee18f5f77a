"""A file is written as a whole or not at all."""

import os
from pathlib import Path

import pytest

from fediversity.support.files import PRIVATE, write_atomically


def test_a_file_holds_what_was_written_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "notes.json"
    write_atomically(file, "first")
    write_atomically(file, "sécond".encode())
    assert file.read_text(encoding="utf-8") == "sécond"
    assert list(tmp_path.iterdir()) == [file]


def test_a_private_file_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "key"
    write_atomically(file, "secret", mode=PRIVATE)
    assert file.stat().st_mode & 0o777 == 0o600


def test_other_files_get_the_permissions_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "open", "")
    finally:
        os.umask(before)
    assert (tmp_path / "open").stat().st_mode & 0o777 == 0o640


def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "notes.json"
    write_atomically(file, "old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(file, "new")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_reader_never_sees_half_of_a_file_by_the_folders_pattern(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []
    move = os.replace

    def looking(source: Path, target: Path) -> None:
        seen.extend(tmp_path.glob("*.nix"))
        move(source, target)

    monkeypatch.setattr(os, "replace", looking)
    write_atomically(tmp_path / "module.nix", "{ }")
    assert seen == []
