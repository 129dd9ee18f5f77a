"""Machines and a project's folder for the tests of the runner."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.steps.machines import Network
from tests.steps.site import Site


@pytest.fixture(scope="session")
def session_network() -> Iterator[Network]:
    network = Network()
    yield network
    network.close()


@pytest.fixture
def network(session_network: Network) -> Iterator[Network]:
    """Where a test's machines are; they are turned off after it."""
    yield session_network
    session_network.turn_off()


@pytest.fixture
def site(tmp_path: Path, session_network: Network, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A project's folder, its path with a blank and a percent sign as a person's may have."""
    site = Site(tmp_path / "a checkout 100%", tmp_path / "bin", tmp_path / "a key")
    for folder in (site.project, site.bin):
        folder.mkdir()
    site.identity.write_bytes(session_network.client_key.export_private_key())
    site.identity.chmod(0o600)
    for name in [name for name in os.environ if name.startswith(("FEDIVERSITY_", "PULUMI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    # A home without a person's own SSH configuration. (ssh takes the home from the user database, so it is read anyway;
    # the tools see this one.)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{site.bin}{os.pathsep}{os.environ['PATH']}")
    return site
