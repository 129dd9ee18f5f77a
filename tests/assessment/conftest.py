"""Fixtures of the assessment."""

from pathlib import Path

import pytest

from tests.assessment.checkout import ROOT


@pytest.fixture
def at_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the root of the checkout the current folder, in which every command is started."""
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for a Nix store that no other run shares."""
    return tmp_path_factory.mktemp("store")
