"""The specification of each kind of step: what a command line has to tell, and that a step is not begun without it."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from fediversity.fleet.health_checks import CommandCheck, MeshCheck, PeerCheck, TcpCheck
from fediversity.ledger.records import StepKind
from fediversity.steps.arguments import parse
from fediversity.steps.job import StepError
from fediversity.steps.specs import (
    ApplySpec,
    InstallSpec,
    JoinSpec,
    MachineSpec,
    ReachSpec,
    StepSpec,
    SwitchSpec,
    UnlockSpec,
    UpdateSpec,
    VarsSpec,
)

STATE = Path(__file__).parents[1] / "data" / "dfcb421" / "state.json"
ADDRESS = {"FEDIVERSITY_ADDRESS": "192.0.2.7"}
MACHINE = MachineSpec("oak", "192.0.2.7")


def read(line: str, command: str = "", **environment: str) -> StepSpec:
    arguments = [*line.split(), "--stack", "test", *(["--", *command.split()] if command else [])]
    return parse(arguments, environment)[1]


def problems(line: str, command: str = "", **environment: str) -> list[str]:
    with pytest.raises(StepError) as caught:
        read(line, command, **environment)
    return caught.value.reason.splitlines()


def test_there_is_one_specification_for_each_verb() -> None:
    assert [kind.__name__ for kind in get_args(StepSpec)] == [f"{verb.capitalize()}Spec" for verb in get_args(StepKind)]


@pytest.mark.parametrize(
    ("line", "command", "environment", "spec"),
    [
        ("vars fleet", "clan vars", {}, VarsSpec(("clan", "vars"))),
        ("reach oak --may-be-offline", "", ADDRESS, ReachSpec(MACHINE, may_be_offline=True)),
        (
            "install oak --reinstall 4 --gate elm,ash --unlock-port 23 --provider gcp",
            "clan",
            ADDRESS | {"FEDIVERSITY_SERVER_ID": "4"},
            InstallSpec(MACHINE, "4", ("clan",), "4", ("elm", "ash"), 23, "gcp"),
        ),
        (
            "unlock oak --unlock-port 23 --prepared --size cx23",
            "",
            ADDRESS,
            UnlockSpec(MACHINE, 23, prepared=True, size="cx23"),
        ),
        (
            "join oak --instance mesh --controller hub --controller-user me --controller-port 24 --fleet trees",
            "",
            ADDRESS | {"FEDIVERSITY_CONTROLLER_ADDRESS": "192.0.2.8"},
            JoinSpec(
                MachineSpec("oak", "192.0.2.7", "trees"), "mesh", MachineSpec("hub", "192.0.2.8", "trees", "me", 24)
            ),
        ),
        (
            "update oak --formerly elm --class darwin --user me --port 24",
            "clan",
            ADDRESS | {"FEDIVERSITY_CHECKS": '[{"mesh": true, "timeout": 5}]'},
            UpdateSpec(
                MachineSpec("oak", "192.0.2.7", user="me", port=24, machine_class="darwin"),
                ("clan",),
                checks=(MeshCheck("the mesh", 5.0),),
                former_names=("elm",),
            ),
        ),
        (
            "apply social --machine oak",
            "nixops4",
            ADDRESS | {"FEDIVERSITY_DEPLOYMENT": '{"enable": true}'},
            ApplySpec(MACHINE, ("nixops4",), deployment="social", request={"enable": True}),
        ),
    ],
)
def test_a_command_line_is_read_as_the_specification_of_its_kind(
    line: str, command: str, environment: dict[str, str], spec: StepSpec
) -> None:
    assert read(line, command, **environment) == spec


def test_everything_that_a_step_lacks_is_told_at_once() -> None:
    told = problems("join oak --port 22", "true", FEDIVERSITY_PATIENCE="none", FEDIVERSITY_ATTEMPT="first")

    lacking = {"--controller", "FEDIVERSITY_CONTROLLER_ADDRESS", "FEDIVERSITY_ADDRESS", "--instance"}
    wrong = {"FEDIVERSITY_PATIENCE", "FEDIVERSITY_ATTEMPT"}
    assert {line.split()[2].rstrip(":") for line in told if line.startswith("`join` needs")} == lacking
    assert {line.split()[0] for line in told if line.startswith("FEDIVERSITY_")} == wrong
    assert len(told) == len(lacking) + len(wrong) + 1, "and no command may stand after `--`"


@pytest.mark.parametrize(
    ("line", "command", "environment", "named"),
    [
        ("reach oak", "", {}, ["FEDIVERSITY_ADDRESS"]),
        ("install oak", "clan", ADDRESS, ["FEDIVERSITY_SERVER_ID"]),
        ("unlock oak", "", ADDRESS, ["--unlock-port"]),
        ("apply social", "nixops4", ADDRESS, ["--machine", "FEDIVERSITY_DEPLOYMENT"]),
        (
            "apply social --machine oak",
            "nixops4",
            ADDRESS | {"FEDIVERSITY_DEPLOYMENT": "[]"},
            ["FEDIVERSITY_DEPLOYMENT"],
        ),
        ("update oak", "clan", ADDRESS | {"FEDIVERSITY_CHECKS": "{no"}, ["FEDIVERSITY_CHECKS"]),
        (
            "update oak",
            "clan",
            ADDRESS | {"FEDIVERSITY_CHECKS": '[{"tcp": "a"}, {"mesh": true}, {"tcp": 1, "mesh": true}]'},
            ["FEDIVERSITY_CHECKS: check 1", "FEDIVERSITY_CHECKS: check 3"],
        ),
        ("update oak --class darwin", "clan --build-host=elm", ADDRESS, ["--build-host"]),
        ("reach oak", "", ADDRESS | {"FEDIVERSITY_OPTIONS": "--user 'me"}, ["FEDIVERSITY_OPTIONS"]),
    ],
)
def test_a_step_that_lacks_a_fact_is_not_begun(
    line: str, command: str, environment: dict[str, str], named: list[str]
) -> None:
    told = problems(line, command, **environment)

    assert len(told) == len(named)
    for name, text in zip(named, told, strict=True):
        assert name in text


def recorded() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The name and the inputs of each step in a state that commit dfcb421 made."""
    for resource in json.loads(STATE.read_text())["checkpoint"]["latest"]["resources"]:
        if resource["type"] == "command:local:Command":
            yield resource["urn"].rpartition("::")[2], resource["inputs"]


def test_every_step_that_an_earlier_commit_declared_is_read_as_its_kind() -> None:
    specs: dict[str, StepSpec] = {}
    for name, inputs in recorded():
        line = inputs["create"].removeprefix("exec .venv/bin/fediversity-step ")
        done = subprocess.run(
            ["/bin/sh", "-c", f"printf '%s\\0' {line}"],
            env=inputs["environment"],
            cwd="/",
            capture_output=True,
            text=True,
            check=True,
        )
        job, specs[name] = parse(done.stdout.split("\0")[:-1], inputs["environment"])
        assert job.step == name
        assert type(specs[name]).__name__ == f"{name.rpartition('-')[2].capitalize()}Spec"

    assert {type(spec) for spec in specs.values()} >= {VarsSpec, InstallSpec, UnlockSpec, UpdateSpec, ApplySpec}
    assert all(isinstance(spec, VarsSpec) or spec.machine.address for spec in specs.values())
    ash, elm = specs["ash-update"], specs["elm-update"]
    assert isinstance(ash, SwitchSpec)
    assert isinstance(elm, SwitchSpec)
    assert ash.checks == (
        TcpCheck("SSH from outside", 2222),
        MeshCheck("the mesh"),
        CommandCheck("no unit is left starting", "systemctl is-system-running", 120.0),
    )
    assert elm.checks == (PeerCheck("the mesh leads to the other cloud", "ash", "roots"),)
