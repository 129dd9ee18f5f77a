"""Every step of a plan as one command resource: what it waits for, what makes it run again, and what it never does."""

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fediversity.fleet.health import Limits
from fediversity.fleet.health_checks import CommandCheck, HttpCheck, MeshCheck, PeerCheck
from fediversity.fleet.providers.registry import PerProvider
from fediversity.planning.steps import Plan, Step
from fediversity.program.deployments import ONCE_FOR_EACH_SERVER
from fediversity.program.limits import write_limits
from fediversity.project.project import Project
from fediversity.steps.arguments import parse
from fediversity.steps.specs import InstallSpec, MachineSpec, OnMachine, SwitchSpec, VarsSpec
from tests.planning.samples import every_kind
from tests.program.programs import DEV, SETTINGS, STACKS, declare, dev, plan_for, production, staging
from tests.program.recording import Recording, Registration

ADDRESSES = {"hcloud:index/primaryIp:PrimaryIp", "gcp:compute/address:Address", "simulated:index:Host"}
SERVERS = {"hcloud:index/server:Server", "gcp:compute/instance:Instance"}

both = pytest.mark.parametrize("stack", STACKS)


def plan(stack: str) -> Plan:
    """The plan that a stack's recording declares."""
    return plan_for(every_kind(), SETTINGS[stack])


def resources_of(recording: Recording, machine: str, types: set[str]) -> set[str]:
    """The resources of some types that belong to a machine. Nobody talks to it by IPv6."""
    found = [entry for entry in recording.all if entry.type in types and entry.name.startswith(f"{machine}-")]
    return {entry.urn for entry in found if not entry.name.endswith("-ipv6")}


def everything_of(recording: Recording, machine: str) -> set[str]:
    """The resources that make up a machine."""
    component = next(
        entry
        for entry in recording.components
        if entry.type.startswith("fediversity:machines:") and entry.name == machine
    )
    return {entry.urn for entry in recording.children(component.urn)}


def expected_dependencies(recording: Recording, step: Step) -> set[str]:
    """What the engine must wait for: the steps before, and the machines that the step talks to."""
    found = {recording.commands[name].urn for name in step.after}
    machines = {step.machine} if step.machine else set()
    machines |= {"hub"} if step.kind == "join" else set()
    for machine in machines:
        found |= resources_of(recording, machine, ADDRESSES | SERVERS)
    return found | (everything_of(recording, step.machine) if step.kind == "reach" and step.machine else set())


def known_to_shell(command: Registration) -> list[str]:
    """The words that the shell starts, the program itself included."""
    text = command.inputs["create"].removeprefix("exec ")
    done = subprocess.run(
        ["/bin/sh", "-c", f"printf '%s\\0' {text}"],
        env=command.inputs["environment"],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split("\0")[:-1]


@both
def test_each_step_of_the_plan_is_one_command_and_there_is_no_other(stack: str) -> None:
    assert sorted(STACKS[stack]().commands) == sorted(plan(stack).by_name)
    assert {entry.type for entry in STACKS[stack]().custom if entry.package == "command"} == {"command:local:Command"}


@both
def test_a_command_waits_for_exactly_what_its_step_waits_for_and_for_the_machines_it_talks_to(stack: str) -> None:
    recording = STACKS[stack]()
    for step in plan(stack):
        assert recording.commands[step.name].dependencies == expected_dependencies(recording, step), step.name


@both
def test_a_machine_is_reached_only_when_all_of_it_is_there(stack: str) -> None:
    recording = STACKS[stack]()
    for machine in ("hub", "vault"):
        assert everything_of(recording, machine) <= recording.commands[f"{machine}-reach"].dependencies
        kinds = {recording[urn].type.rpartition(":")[2] for urn in everything_of(recording, machine)}
        assert "Firewall" in kinds, "SSH answers through the firewall"


@both
def test_commands_stand_under_the_deployment_they_are_part_of(stack: str) -> None:
    recording = STACKS[stack]()
    for step in plan(stack):
        group = recording[recording.commands[step.name].parent]
        if step.deployment:
            assert (group.type, group.name) == ("fediversity:deployments:NixopsDeployment", step.deployment)
        else:
            name = f"{step.machine}-clan" if step.machine else "clan"
            assert (group.type, group.name) == ("fediversity:deployments:ClanDeployment", name)


def test_a_deployment_named_like_clan_s_own_steps_is_still_nixops4_s() -> None:
    fleet = every_kind()
    video = fleet.deployments["video"]
    renamed = fleet.model_copy(update={"deployments": {"clan": video, "hub-clan": video}})
    recording = declare(renamed, DEV)
    for name in ("clan", "hub-clan"):
        parent = recording[recording.commands[f"{name}-apply"].parent]
        assert (parent.type, parent.name) == ("fediversity:deployments:NixopsDeployment", name)


@both
def test_an_installation_is_bound_to_its_server_and_to_nothing_else(stack: str) -> None:
    recording = STACKS[stack]()
    for machine, type_ in (("hub", "hcloud:index/server:Server"), ("vault", "gcp:compute/instance:Instance")):
        server = recording.one(type_, f"{machine}-server")
        for kind in ("reach", "install", "online"):
            command = recording.commands[f"{machine}-{kind}"]
            assert len(command.inputs["triggers"]) == 1
            assert command.property_dependencies["triggers"] == {server.urn}
            assert command.inputs["triggers"] == [command.inputs["environment"]["FEDIVERSITY_SERVER_ID"]]
            assert command.inputs["update"] == ONCE_FOR_EACH_SERVER


@both
def test_a_server_is_unlocked_again_when_it_gets_another_type(stack: str) -> None:
    command = STACKS[stack]().commands["vault-unlock"]
    server_id = command.inputs["environment"]["FEDIVERSITY_SERVER_ID"]
    assert command.inputs["triggers"] == [server_id, every_kind().machines["vault"].size]
    assert command.inputs["update"] == ONCE_FOR_EACH_SERVER


def test_what_is_done_once_does_nothing_when_the_engine_updates_it() -> None:
    done = subprocess.run(["/bin/sh", "-c", ONCE_FOR_EACH_SERVER], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


@both
def test_an_update_carries_its_fingerprint_in_the_environment_and_is_never_replaced(stack: str) -> None:
    recording = STACKS[stack]()
    for step in plan(stack):
        command = recording.commands[step.name]
        if step.fingerprint is None:
            assert "FEDIVERSITY_FINGERPRINT" not in command.inputs["environment"]
            continue
        assert command.inputs["environment"]["FEDIVERSITY_FINGERPRINT"] == step.fingerprint
        assert "triggers" not in command.inputs, f"{step.name}: triggers replace"
        assert "update" not in command.inputs, f"{step.name}: the same command runs again"


@both
def test_a_mac_joins_again_when_it_or_the_controller_s_server_is_another_one(stack: str) -> None:
    recording = STACKS[stack]()
    command = recording.commands["laptop-join"]
    controller = recording.commands["hub-install"].inputs["triggers"]
    assert command.inputs["triggers"] == [command.inputs["environment"]["FEDIVERSITY_ADDRESS"], *controller]


@both
def test_no_command_deletes_anything_prints_anything_or_gets_its_last_output(stack: str) -> None:
    for command in STACKS[stack]().commands.values():
        assert "delete" not in command.inputs, "a replaced step must not undo what its successor did"
        assert command.inputs["logging"] == "none"
        assert command.inputs["addPreviousOutputInEnv"] is False
        assert command.secret_outputs == {"stdout", "stderr"}
        assert not command.delete_before_replace
        assert "stdin" not in command.inputs
        assert "interpreter" not in command.inputs


@both
def test_the_shell_hands_over_to_the_runner_so_that_stopping_reaches_it(stack: str) -> None:
    for command in STACKS[stack]().commands.values():
        assert command.inputs["create"].startswith("exec .venv/bin/fediversity-step ")


@both
def test_the_runner_understands_every_command_as_the_step_it_is(stack: str) -> None:
    recording, fleet = STACKS[stack](), every_kind()
    for step in plan(stack):
        command = recording.commands[step.name]
        job, spec = parse(known_to_shell(command)[1:], command.inputs["environment"])
        assert (job.step, job.verb, job.subject) == (step.name, step.kind, step.subject)
        assert job.stack == stack
        assert job.fingerprint == step.fingerprint
        assert job.flake == SETTINGS[stack].flake
        assert job.simulated == SETTINGS[stack].simulated
        assert (job.identity is not None) == (SETTINGS[stack].site.identity is not None)
        command_line = spec.command if isinstance(spec, VarsSpec | InstallSpec | SwitchSpec) else ()
        assert command_line[:1] == step.command[:1]
        assert isinstance(spec, OnMachine) == (step.machine is not None)
        if isinstance(spec, OnMachine) and step.machine:
            machine = fleet.machines[step.machine]
            port = SETTINGS[stack].site.port(machine.ssh.port)
            address = recording.stack_outputs["addresses"][step.machine]
            assert spec.machine == MachineSpec(
                step.machine, address, "everything", machine.ssh.user, port, machine.machineClass
            )


def specifications(stack: str) -> dict[str, Any]:
    """What the runner is told of each step, by its name."""
    return {
        name: parse(known_to_shell(command)[1:], command.inputs["environment"])[1]
        for name, command in STACKS[stack]().commands.items()
    }


@both
def test_the_runner_is_told_what_only_some_steps_need(stack: str) -> None:
    recording, specs = STACKS[stack](), specifications(stack)
    assert (specs["vault-install"].reinstall, specs["vault-install"].unlock_port) == ("4711", 2201)
    assert (specs["hub-install"].reinstall, specs["hub-install"].unlock_port) == (None, None)
    assert specs["vault-unlock"].unlock_port == 2201
    assert specs["laptop-join"].instance == "zerotier-main"
    assert specs["laptop-join"].controller == MachineSpec(
        "hub", recording.stack_outputs["addresses"]["hub"], "everything", "root", SETTINGS[stack].site.port(22)
    )
    assert specs["video-apply"].request == {
        "application": "peertube",
        "machine": "vault",
        "enable": True,
        "removeData": False,
        "domain": "video.fleet.example",
        "initialUser": {"username": "operator", "displayName": "Operator", "email": "operator@fleet.example"},
        "size": "small",
        "storage": None,
        "mail": None,
    }


@both
def test_the_runner_is_told_what_the_fleet_file_says_of_a_machine_s_health_and_absence(stack: str) -> None:
    specs = specifications(stack)
    assert specs["laptop-update"].checks == (
        CommandCheck("store", "test -e '/nix/store'", 30.0),
        HttpCheck("the page /up at port 8080", port=8080, path="/up"),
        MeshCheck("the mesh"),
        PeerCheck("the connection to hub over zerotier-main", "hub", "zerotier-main"),
    )
    assert specs["solo-update"].checks == ()
    off = {name for name, spec in specs.items() if getattr(spec, "may_be_offline", False)}
    assert off == {"solo-reach", "solo-update"}
    assert {specs[name].provider for name in ("hub-install", "hub-update", "photos-apply")} == {"hetzner"}
    assert specs["solo-update"].gate == ("six",)
    assert (specs["legacy-update"].gate, specs["video-apply"].gate) == (("vault",), ("legacy",))
    assert specs["vault-update"].unlock_port == specs["video-apply"].unlock_port == 2201


def test_a_step_that_has_to_run_again_is_another_one_for_the_engine_and_no_other_is() -> None:
    again = declare(every_kind(), DEV, attempts={"laptop-join": 7, "laptop-update": 9, "fleet-vars": 3})
    usual = dev().commands
    changed = {name for name, command in again.commands.items() if command.inputs != usual[name].inputs}

    assert changed == {"laptop-join", "laptop-update", "fleet-vars"}
    assert again.commands["laptop-join"].inputs["triggers"][-1] == "attempt 7"
    assert again.commands["laptop-update"].inputs["environment"]["FEDIVERSITY_ATTEMPT"] == "9"
    assert "triggers" not in again.commands["laptop-update"].inputs


def test_another_cap_changes_no_step(tmp_path: Path) -> None:
    fleet = every_kind()
    slower = fleet.model_copy(update={"limits": Limits(updates=1, per_provider=PerProvider(hetzner=1))})

    write_limits(slower, Project(tmp_path, DEV))

    again, usual = declare(slower, DEV).commands, dev().commands
    assert {name for name in usual if again[name].inputs != usual[name].inputs} == set()
    assert json.loads((tmp_path / ".fediversity/dev/limits.json").read_text()) == {
        "installs": 1,
        "updates": 1,
        "per_provider": {"hetzner": 1},
    }


def test_the_address_that_the_tools_get_is_the_machine_s() -> None:
    words = known_to_shell(dev().commands["hub-update"])
    address = dev().stack_outputs["addresses"]["hub"]
    assert any(word.startswith(f"root@{address}:2222?") for word in words)
    real = known_to_shell(production().commands["six-update"])
    assert any(word.startswith("root@[2001:db8::6]:22?") for word in real)


def test_an_identity_is_given_only_where_one_is_set() -> None:
    for recording, identity in ((dev(), ".fediversity/dev/identity"), (production(), "~/.ssh/id_ed25519")):
        words = shlex.split(recording.commands["hub-update"].inputs["environment"]["FEDIVERSITY_OPTIONS"])
        assert words[words.index("--identity") + 1] == identity
    for command in staging().commands.values():
        assert "--identity" not in command.inputs["environment"]["FEDIVERSITY_OPTIONS"]


@both
def test_a_preview_shows_the_tool_s_command_line_before_the_engine_cuts_it_off(stack: str) -> None:
    recording = STACKS[stack]()
    for step in plan(stack):
        if step.command:
            shown = recording.commands[step.name].inputs["create"][:150]
            assert f" -- {shlex.join(step.command[:4])}" in shown, f"{step.name}: a preview shows only {shown}"


def test_the_environment_of_a_deployment_holds_what_it_deploys_as_json() -> None:
    environment = dev().commands["video-apply"].inputs["environment"]
    assert json.loads(environment["FEDIVERSITY_DEPLOYMENT"])["application"] == "peertube"
    assert "FEDIVERSITY_DEPLOYMENT" not in dev().commands["vault-update"].inputs["environment"]
