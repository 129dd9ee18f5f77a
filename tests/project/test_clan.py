"""Asking clan for a secret, by a program of its name: what it is asked, and what is made of its answers."""

import os
from pathlib import Path

import pytest

from fediversity.project.clan_secret import ClanSecretError, clan_secret

TOKEN = "a-token-that-nobody-must-see"


def clan(folder: Path, script: str) -> dict[str, str]:
    """An environment in which `clan` is this script."""
    program = folder / "clan"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def test_the_secret_is_what_clan_prints_without_its_newline(tmp_path: Path) -> None:
    environ = clan(tmp_path, f'echo "$@" >"{tmp_path}/asked"; echo {TOKEN}')
    assert clan_secret("hcloud-token", Path("/flakes/fleet"), environ) == TOKEN
    assert (tmp_path / "asked").read_text() == "secrets get hcloud-token --flake /flakes/fleet\n"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo trace >&2; echo 'Error: Secret does not exist' >&2; exit 1", "clan says: Error: Secret does not exist"),
        ("exit 3", "clan says: exit status 3"),
        ("echo", "it is empty"),
        (f"echo {TOKEN}; exit 1", "clan says: exit status 1"),
        ("echo AGE-SECRET-KEY-1ABCDEF >&2; exit 1", "clan says: (a private key)"),
    ],
)
def test_what_goes_wrong_is_said_in_a_line_without_the_secret(tmp_path: Path, script: str, said: str) -> None:
    with pytest.raises(ClanSecretError) as error:
        clan_secret("hcloud-token", tmp_path, clan(tmp_path, script))
    assert str(error.value) == said


def test_without_clan_that_is_what_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClanSecretError, match="there is no `clan` on PATH"):
        clan_secret("hcloud-token", tmp_path, {"PATH": str(tmp_path)})
