"""What a cloud's image cannot do is refused before anything is made."""

import pytest

from fediversity.fleet.diagnostics import FleetError
from fediversity.planning.image_check import require_image_port
from fediversity.project.settings import parse_settings
from tests.planning.samples import every_kind

LOCAL = {"hcloud": "local", "gcp": "local", "command": "local"}


def test_a_real_server_is_refused_on_a_port_that_its_image_does_not_answer_on() -> None:
    with pytest.raises(FleetError) as refused:
        require_image_port(every_kind(), parse_settings("production", {"fleet": "stacks/production.yaml"}))
    (problem,) = refused.value.problems
    assert problem.field == "machines.vault.ssh.port", "legacy runs NixOS already: its port is its owner's"
    assert problem.what.startswith("port 2200 ")


def test_simulated_machines_are_made_with_the_port_of_the_fleet_file() -> None:
    given = {"fleet": "stacks/dev.yaml", "machines": "simulated", "plugins": LOCAL}
    require_image_port(every_kind(), parse_settings("dev", given))
