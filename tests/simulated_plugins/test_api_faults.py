"""Tests failures of the providers' APIs: how the clients of the real providers handle them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from fediversity.embedded_cloud.faults.store import FaultStore
from fediversity.embedded_cloud.plugins import api
from fediversity.embedded_cloud.plugins.problems import CloudError
from fediversity.embedded_cloud.plugins.provider import PulumiRequest, State
from tests.simulated_plugins.test_recovery import INSTANCE
from tests.simulated_plugins.world import World, check

SERVER = {"name": "web", "serverType": "cx22", "image": "debian-12"}


@pytest.fixture(autouse=True)
def _short_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "SIMULATED_SECOND", 0.001)


class Engine:
    """Creates resources of one package as Pulumi does, under a name of the program."""

    def __init__(self, project: Path, package: str, type_name: str, name: str) -> None:
        self.world = World(project, package)
        self.faults = FaultStore(self.world.folder.cloud)
        self.resource = self.world.resource(type_name)
        self.name = name

    def create(self, inputs: dict[str, Any]) -> State:
        checked = check(self.resource, self.name, inputs, {})
        return asyncio.run(self._create(checked))

    async def _create(self, checked: dict[str, Any]) -> State:
        return await self.resource.create(self._call(), checked)

    def delete(self, state: State) -> None:
        async def delete() -> None:
            await self.resource.delete(self._call(), state.id, state.outputs)

        asyncio.run(delete())

    def _call(self) -> PulumiRequest:
        async def log(_line: str) -> None: ...

        return PulumiRequest(self.name, None, log, asyncio.Event())

    def exists(self, name: str) -> bool:
        with self.world.cloud.store.reading() as session:
            return any(record.name == name for record in session.everything())


@pytest.fixture
def hetzner(tmp_path: Path) -> Engine:
    return Engine(tmp_path, "hcloud", "Server", "web-server")


@pytest.fixture
def google(tmp_path: Path) -> Engine:
    return Engine(tmp_path, "gcp", "Instance", "orb-server")


def left(engine: Engine) -> list[int | None]:
    return [fault.times for fault in engine.faults.entries()]


def test_hetzners_client_waits_for_its_rate_five_times(hetzner: Engine) -> None:
    hetzner.faults.set("web", "api-429", times=5)
    assert hetzner.create(SERVER).id
    assert left(hetzner) == []


def test_hetzners_client_gives_up_after_the_sixth_refusal(hetzner: Engine) -> None:
    hetzner.faults.set("web", "api-429", times=10)
    with pytest.raises(CloudError, match=r"API rate limit exceeded \(rate_limit_exceeded, simulated\)"):
        hetzner.create(SERVER)
    assert left(hetzner) == [4]
    assert not hetzner.exists("web")


def test_hetzners_client_reports_a_failure_at_once(hetzner: Engine) -> None:
    hetzner.faults.set("web", "api-500", times=1)
    with pytest.raises(CloudError, match="service_error"):
        hetzner.create(SERVER)
    assert hetzner.create(SERVER).id


def test_a_creation_that_times_out_at_hetzner_is_made_asked_for_again_and_taken(hetzner: Engine) -> None:
    hetzner.faults.set("web", "api-timeout-after-create", times=1)
    with pytest.raises(CloudError, match=r'the server name "web" is already used \(uniqueness_error'):
        hetzner.create(SERVER)
    assert hetzner.exists("web")
    assert [machine.name for machine in hetzner.world.machines.specs.values()] == ["web"]


@pytest.mark.parametrize("kind", ["api-429", "api-500"])
def test_googles_provider_asks_again_for_ninety_seconds(google: Engine, kind: str) -> None:
    google.faults.set("orb", kind, times=9)
    assert google.create(INSTANCE).id
    google.faults.set("orb", kind, times=11)
    with pytest.raises(CloudError, match=r"googleapi: Error (429|500)"):
        google.create(INSTANCE | {"name": "other"})
    assert left(google) == [1]


def test_a_creation_that_times_out_at_google_is_made_and_reported_as_failed(google: Engine) -> None:
    google.faults.set("orb", "api-timeout-after-create", times=1)
    with pytest.raises(CloudError, match="context deadline exceeded"):
        google.create(INSTANCE)
    assert google.exists("orb")
    with pytest.raises(CloudError, match="already exists"):
        google.create(INSTANCE)


def test_changes_and_deletions_fail_as_well(hetzner: Engine) -> None:
    made = hetzner.create(SERVER)
    hetzner.faults.set("web", "api-500", times=1)
    with pytest.raises(CloudError, match="service_error"):
        hetzner.delete(made)
    assert hetzner.exists("web")
    hetzner.delete(made)
    assert not hetzner.exists("web")


@pytest.mark.parametrize("name", ["web-server", "web"])
def test_a_fault_is_set_for_a_resource_by_its_name_or_its_machines(hetzner: Engine, name: str) -> None:
    hetzner.faults.set(name, "api-500")
    with pytest.raises(CloudError, match="service_error"):
        hetzner.create(SERVER)


def test_other_machines_are_spared(hetzner: Engine) -> None:
    hetzner.faults.set("we", "api-500")
    hetzner.faults.set("web-2", "api-500")
    assert hetzner.create(SERVER).id


def test_what_is_on_this_computer_in_reality_too_has_no_api(tmp_path: Path) -> None:
    host = Engine(tmp_path, "simulated", "Host", "mac-host")
    host.faults.set("mac", "api-500")
    facts = {"machineClass": "darwin", "system": "aarch64-darwin", "user": "admin", "authorizedKeys": []}
    assert host.create({"name": "mac", **facts}).id == "mac"


@pytest.mark.parametrize(
    ("type_name", "resource"),
    [
        ("PrimaryIp", "web-one-address"),
        ("PrimaryIp", "web-one-address-ipv6"),
        ("Volume", "web-one-volume-data"),
        ("Volume", "web-one-volume-web-server"),
    ],
)
def test_a_machines_fault_strikes_each_of_its_resources(tmp_path: Path, type_name: str, resource: str) -> None:
    engine = Engine(tmp_path, "hcloud", type_name, resource)
    engine.faults.set("web-one", "api-500", times=1)
    wanted: dict[str, Any] = {"type": "ipv6"} if type_name == "PrimaryIp" else {"size": 10}
    with pytest.raises(CloudError, match="service_error"):
        engine.create({"name": "anything", "location": "fsn1"} | wanted)
