"""Fixtures: machines behind simulated and real SSH servers. Without an OpenSSH server these tests are skipped."""

import shutil
from collections.abc import Iterator

import pytest

from tests.real_ssh.project import Project
from tests.real_ssh.server import what_is_missing
from tests.real_ssh.ways import Real, Simulated
from tests.requirements import OPENSSH_SERVER, unavailable


@pytest.fixture(scope="session", autouse=True)
def _there_is_a_server() -> None:
    if (missing := what_is_missing()) is not None:
        unavailable(OPENSSH_SERVER, missing)
    assert shutil.which("bash"), "what the server's sessions run is a script of bash"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A NixOS server and a Mac that have been rolled out before."""
    made = Project.make(tmp_path_factory.mktemp("project"))
    try:
        yield made
    finally:
        made.site.datacenter.stop()


@pytest.fixture(scope="module")
def simulated(project: Project) -> Simulated:
    """The way to the machines' own servers."""
    return Simulated(project)


@pytest.fixture(scope="module")
def real(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """The way through a real server."""
    made = Real(project, tmp_path_factory.mktemp("real") / "sshd")
    try:
        yield made
    finally:
        made.close()
