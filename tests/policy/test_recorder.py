"""What is judged is what the engine is told: the recorder sees the same as the tests' own, and asks for nothing."""

import pytest

from fediversity.policy.resources import UNSEEN
from fediversity.program.mock_pulumi import declared_resources
from fediversity.project.settings import with_plugins
from tests.planning.samples import every_kind
from tests.program.programs import DEV, PRODUCTION, STAGING, declare


@pytest.mark.parametrize("own", [DEV, PRODUCTION, STAGING], ids=lambda own: own.stack)
def test_everything_is_seen_as_the_engine_is_told_it(own: object) -> None:
    assert isinstance(own, type(DEV))
    fleet = every_kind()
    seen = {
        (entry.urn, entry.type, entry.name, entry.parent, entry.protect) for entry in declared_resources(fleet, own)
    }
    recording = declare(fleet, with_plugins(own, "local"), preview=True)
    assert seen == {(entry.urn, entry.type, entry.name, entry.parent, entry.protect) for entry in recording.all}


def test_inputs_are_plain_and_what_nobody_may_see_is_not_seen() -> None:
    by_type = {entry.type: entry for entry in declared_resources(every_kind(), PRODUCTION)}
    server = by_type["hcloud:index/server:Server"]
    assert (server.inputs["serverType"], server.inputs["deleteProtection"]) == ("cpx21", True)
    assert UNSEEN in server.inputs["firewallIds"] or server.inputs["firewallIds"] is UNSEEN
    assert by_type["pulumi:providers:hcloud"].inputs["token"] is UNSEEN
    assert server.provider == "hcloud"


def test_what_is_a_machine_s_is_told_from_what_is_the_fleet_s() -> None:
    found = declared_resources(every_kind(), PRODUCTION)
    of = {entry.name: (entry.machine, entry.where) for entry in found}
    assert of["hub-server"] == ("hub", ("machines", "hub"))
    keys = [entry for entry in found if entry.type.endswith(":SshKey")]
    assert keys
    assert {(entry.machine, entry.where) for entry in keys} == {(None, ())}
    zones = {entry.where for entry in found if entry.type == "hcloud:index/zoneRrset:ZoneRrset"}
    assert zones == {("dns", "zones", "fleet.example")}
    assert {entry.where[0] for entry in found if entry.type == "gcp:storage/bucket:Bucket"} == {"buckets"}
