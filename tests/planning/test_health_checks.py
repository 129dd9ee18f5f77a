"""Health checks on their way from the fleet file to the step: one table of kinds, which the model has all of."""

import json
from typing import Any, get_args

import pytest

from fediversity.fleet import health
from fediversity.fleet.health_checks import (
    KINDS,
    CommandCheck,
    HealthCheck,
    HttpCheck,
    MeshCheck,
    PeerCheck,
    TcpCheck,
    read_health_checks,
)
from fediversity.planning.step_options import checks_text
from tests.planning.samples import every_kind

EXAMPLES: dict[str, tuple[dict[str, Any], HealthCheck]] = {
    "command": ({"command": "true"}, CommandCheck("`true`", "true", 60.0)),
    "http": (
        {"http": {"url": "https://oak.example/up", "status": 204}, "name": "the site", "timeout": 5},
        HttpCheck("the site", url="https://oak.example/up", status=204, timeout=5.0),
    ),
    "tcp": ({"tcp": 25}, TcpCheck("port 25", 25)),
    "mesh": ({"mesh": True}, MeshCheck("the mesh")),
    "peer": ({"peer": "hub"}, PeerCheck("the connection to hub over main", "hub", "main")),
}


def test_the_fleet_file_s_model_the_classes_and_the_examples_are_of_the_same_kinds() -> None:
    assert set(health.HealthCheck.model_fields) - {"name", "timeout"} == set(KINDS)
    assert len(get_args(HealthCheck)) == len(KINDS)
    assert set(EXAMPLES) == set(KINDS)
    assert {type(check) for _, check in EXAMPLES.values()} == set(get_args(HealthCheck))


@pytest.mark.parametrize("kind", KINDS)
def test_a_check_of_each_kind_reaches_the_step_as_the_fleet_file_has_it(kind: str) -> None:
    written, check = EXAMPLES[kind]
    model = health.HealthCheck.model_validate(written)
    # The peer's mesh is looked up when a plan is made.
    document = json.loads(json.dumps(model.model_dump(exclude_none=True))) | (
        {"instance": "main"} if kind == "peer" else {}
    )

    assert read_health_checks([document]) == (check,)


def test_a_plan_hands_over_every_check_of_a_machine_and_nothing_where_there_is_none() -> None:
    fleet = every_kind()

    text = checks_text("laptop", fleet)

    assert text is not None
    assert len(read_health_checks(json.loads(text))) == len(fleet.machines["laptop"].checks) > 0
    assert checks_text("solo", fleet) is None
