"""A project folder as the `fediversity` command finds one, with a good fleet and a stack."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fediversity.fleet.fleet_json import render_text
from fediversity.fleet.load import parse_fleet
from tests.cli.machines import NEW, OLD, Garden, mac_answers, server_answers
from tests.fleet.good import GOOD
from tests.steps.machines import Network

SETTINGS = """\
config:
  fediversity:fleet: stacks/dev.yaml
  fediversity:plugins: {hcloud: local, gcp: local, command: local}
  fediversity:machines: simulated
  fediversity:protect: false
encryptionsalt: v1:AAAAAAAAAAA=:v1:AAAAAAAAAAAAAAAA:AAAA
"""

RENDERED = render_text(parse_fleet(GOOD, "fleet.yaml"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "nix").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: fediversity\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(SETTINGS)
    (tmp_path / "stacks" / "dev.yaml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def cli_network() -> Iterator[Network]:
    network = Network()
    yield network
    network.close()


@pytest.fixture
def garden(project: Path, cli_network: Network) -> Iterator[Garden]:
    """A project with a server and a Mac that answer as machines that are well do, and were rolled out once."""
    oak = cli_network.machine(server_answers())
    moss = cli_network.machine(mac_answers())
    garden = Garden.planted(project, cli_network, oak, moss)
    garden.ran("oak-update", OLD)
    garden.ran("oak-update", NEW)
    garden.ran("moss-update", NEW)
    yield garden
    cli_network.turn_off()
