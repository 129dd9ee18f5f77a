"""Every input of every registered resource is one that its plug-in takes."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.contracts import hcloud
from tests.planning.samples import dev_fleet
from tests.program.contracts import (
    wrong_in_arguments,
    wrong_in_schema,
    wrong_in_simulated,
)
from tests.program.programs import DEV, STACKS, declare
from tests.program.recording import Recording
from tests.simulated_plugins.contracts import HCLOUD_RESOURCES

RECORDINGS: dict[str, Callable[[], Recording]] = {**STACKS, "the dev fleet": lambda: declare(dev_fleet(), DEV)}
every_recording = pytest.mark.parametrize("name", RECORDINGS)

FIREWALL, SERVER = "hcloud:index/firewall:Firewall", "hcloud:index/server:Server"
RULE = {"direction": "in", "protocol": "tcp", "sourceIps": ["0.0.0.0/0"]}
INSTANCE = "gcp:compute/instance:Instance"
DISK: dict[str, Any] = {"bootDisk": {}, "machineType": "e2-small", "networkInterfaces": []}


def resources(name: str, *packages: str) -> list[tuple[str, dict[str, Any]]]:
    """The type and the inputs of a recording's resources and providers, of some packages."""
    recording = RECORDINGS[name]()
    found = [entry for entry in recording.all if entry.custom and entry.package in packages]
    return [(entry.type, dict(entry.inputs)) for entry in found]


@every_recording
def test_hetzner_s_plug_in_takes_every_input_of_every_resource(name: str) -> None:
    registered = resources(name, "hcloud")
    assert [wrong for type_, inputs in registered for wrong in wrong_in_schema(type_, inputs)] == []
    kinds = {type_.rpartition("/")[2] for type_, _ in registered} - {"pulumi:providers:hcloud"}
    if name == "the dev fleet":
        assert kinds < set(HCLOUD_RESOURCES), "it need not have everything"
    else:
        assert kinds == set(HCLOUD_RESOURCES), "what replaces these is compared with the schema, too"


@every_recording
def test_changes_are_ignored_of_properties_that_hetzner_s_plug_in_has(name: str) -> None:
    for entry in RECORDINGS[name]().custom:
        if entry.package == "hcloud":
            assert entry.ignore_changes <= hcloud.recorded()["resources"][entry.type]["inputs"].keys(), entry.urn


@every_recording
def test_google_s_and_the_command_plug_in_take_every_input_of_every_resource(name: str) -> None:
    registered = resources(name, "gcp", "command")
    assert [wrong for type_, inputs in registered for wrong in wrong_in_arguments(type_, inputs)] == []
    kinds = {type_.rpartition(":")[2] for type_, _ in registered}
    clouds = {"Address", "Firewall", "Instance", "ManagedZone", "RecordSet", "Bucket"}
    assert kinds == {"gcp", "command", "Command"} | clouds


@pytest.mark.parametrize("name", ["dev", "the dev fleet"])
def test_the_embedded_cloud_s_own_plug_in_takes_every_input(name: str) -> None:
    registered = resources(name, "simulated")
    assert [wrong for type_, inputs in registered for wrong in wrong_in_simulated(type_, inputs)] == []
    assert {type_.rpartition(":")[2] for type_, _ in registered} == {"simulated", "Site", "Host"}


@pytest.mark.parametrize(
    ("type_", "inputs", "complaint"),
    [
        ("hcloud:index/serve:Server", {}, "no such resource"),
        (SERVER, {}, "serverType: is required"),
        (SERVER, {"serverType": 1}, "not of type string"),
        (SERVER, {"serverType": "cx23", "server_type": "cx23"}, "server_type: no such property"),
        (SERVER, {"serverType": "cx23", "datacenter": "fsn1-dc14"}, "deprecated"),
        (SERVER, {"serverType": "cx23", "firewallIds": ["1"]}, "not of type integer"),
        (SERVER, {"serverType": "cx23", "firewallIds": 1}, "not a list"),
        (SERVER, {"serverType": "cx23", "keepDisk": "true"}, "not of type boolean"),
        (SERVER, {"serverType": "cx23", "labels": {"a": 1}}, "not of type string"),
        (FIREWALL, {"rules": [RULE | {"port": 22}]}, "not of type string"),
        (FIREWALL, {"rules": [RULE | {"sources": []}]}, "no such property"),
        (FIREWALL, {"rules": [{"direction": "in"}]}, "protocol: is required"),
        (FIREWALL, {"rules": ["in"]}, "not an object"),
        ("pulumi:providers:hcloud", {"endpoint": "x", "project": "y"}, "no such property"),
    ],
)
def test_what_hetzner_s_plug_in_refuses_is_refused(type_: str, inputs: dict[str, Any], complaint: str) -> None:
    assert any(complaint in wrong for wrong in wrong_in_schema(type_, inputs))


@pytest.mark.parametrize(
    ("type_", "inputs", "complaint"),
    [
        ("gcp:compute/instances:Instance", {}, "no such resource"),
        (INSTANCE, {}, "bootDisk: is required"),
        (INSTANCE, DISK | {"size": 1}, "no such property"),
        (INSTANCE, DISK | {"bootDisk": []}, "not an object"),
        (INSTANCE, DISK | {"bootDisk": {"initializeParams": {"size": "40"}}}, "not a int"),
        (INSTANCE, DISK | {"networkInterfaces": [{"accessConfigs": [{"address": "x"}]}]}, "no such property"),
        (INSTANCE, DISK | {"metadata": {"key": 1}}, "not a str"),
        (INSTANCE, DISK | {"deletionProtection": "false"}, "not a bool"),
        ("gcp:storage/bucket:Bucket", {"name": "x"}, "location: is required"),
        ("gcp:compute/firewall:Firewall", {"network": "x", "allows": [{"ports": ["1"]}]}, "protocol: is required"),
        ("command:local:Command", {"logging": "nothing"}, "not a Logging"),
        ("command:local:Command", {"environment": {"A": 1}}, "not a str"),
    ],
)
def test_what_the_other_plug_ins_refuse_is_refused(type_: str, inputs: dict[str, Any], complaint: str) -> None:
    assert any(complaint in wrong for wrong in wrong_in_arguments(type_, inputs))


def test_what_the_embedded_cloud_does_not_know_is_refused() -> None:
    assert wrong_in_simulated("simulated:index:Host", {"name": 1, "speed": 2})
    assert wrong_in_simulated("simulated:index:Site", {}) == ["simulated:index:Site.stack: is required"]
