"""Tests the recovery from an interrupted run: finding existing resources, and restoring machines."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fediversity.embedded_cloud.lookup import answers
from fediversity.embedded_cloud.machines.client import Datacenter
from fediversity.embedded_cloud.power import power_on
from tests.simulated_plugins.world import KEY, World

INSTANCE = {
    "name": "orb",
    "zone": "europe-west3-a",
    "machineType": "e2-standard-2",
    "bootDisk": {"initializeParams": {"image": "debian-cloud/debian-12"}},
    "networkInterfaces": [{"network": "default", "accessConfigs": [{}]}],
}


def ask(world: World, type_: str, **inputs: Any) -> str | None:
    (line,) = answers(world.folder, [json.dumps({"type": type_, "inputs": inputs})])
    found: str | None = json.loads(line)["id"]
    return found


class TestLookup:
    def test_what_exists_is_found_by_what_makes_it_unique(self, tmp_path: Path) -> None:
        world = World(tmp_path, "hcloud")
        server = world.make("Server", name="web", serverType="cx22", image="debian-12")
        world.make("Zone", name="fleet.example", mode="primary")
        rrset = {"zone": "fleet.example", "name": "www", "type": "A"}
        world.make("ZoneRrset", **rrset, records=[{"value": "192.0.2.1"}])
        assert ask(world, "hcloud:index/server:Server", name="web", serverType="cx53") == server.id
        assert ask(world, "hcloud:index/server:Server", name="other") is None
        assert ask(world, "hcloud:index/zoneRrset:ZoneRrset", **rrset) == "www/A"
        assert ask(world, "hcloud:index/zoneRrset:ZoneRrset", **(rrset | {"type": "AAAA"})) is None
        assert ask(world, "hcloud:index/zoneRrset:ZoneRrset", **(rrset | {"zone": "other.example"})) is None

    def test_an_instance_is_found_in_its_zone_also_when_the_provider_chose_it(self, tmp_path: Path) -> None:
        world = World(tmp_path, "gcp")
        made = world.make("Instance", **INSTANCE)
        token = "gcp:compute/instance:Instance"
        assert ask(world, token, name="orb", zone="europe-west3-a") == made.id
        assert ask(world, token, name="orb", zone="us-east1-b") is None
        assert ask(world, token, name="orb") == made.id

    def test_what_nobody_simulates_and_commands_are_not_found(self, tmp_path: Path) -> None:
        world = World(tmp_path, "hcloud")
        assert ask(world, "command:local:Command", create="true") is None
        assert ask(world, "aws:s3/bucket:Bucket", name="x") is None
        assert ask(world, "simulated:index:Site", stack="dev") is None

    def test_the_command_answers_line_by_line_and_writes_nothing(self, tmp_path: Path) -> None:
        question = json.dumps({"type": "hcloud:index/server:Server", "inputs": {"name": "web"}})
        run = subprocess.run(
            [sys.executable, "-m", "fediversity.embedded_cloud.lookup", "dev"],
            input=f"{question}\n{question}\n",
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        assert run.stdout == '{"id": null}\n{"id": null}\n'
        assert not list(tmp_path.iterdir())


class TestPower:
    def test_a_stack_without_machines_is_left_alone(self, tmp_path: Path) -> None:
        run = subprocess.run(
            [sys.executable, "-m", "fediversity.embedded_cloud", "power-on", "dev"],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        assert run.stdout == ""
        assert not list(tmp_path.iterdir())

    def test_a_name_that_is_no_stack_is_refused(self, tmp_path: Path) -> None:
        run = subprocess.run(
            [sys.executable, "-m", "fediversity.embedded_cloud", "power-on", ".."],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
        )
        assert run.returncode == 1
        assert run.stderr == "fediversity.embedded_cloud: '..' is not the name of a stack\n"

    def test_every_machine_that_a_record_asks_for_is_made(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hcloud, gcp, own = (World(tmp_path, package) for package in ("hcloud", "gcp", "simulated"))
        hcloud.make("Server", name="web", serverType="cx22", image="debian-12")
        gcp.make("Instance", **INSTANCE)
        own.make(
            "Host",
            name="mac",
            machineClass="darwin",
            system="aarch64-darwin",
            user="admin",
            authorizedKeys=[KEY],
        )
        made: list[Any] = []
        monkeypatch.setattr(Datacenter, "ensure_on", lambda _: made.append("on"))
        monkeypatch.setattr(Datacenter, "create", lambda _, spec: made.append(spec))
        assert power_on(hcloud.folder) == ["web", "orb", "mac"]
        wanted = {**hcloud.machines.specs, **gcp.machines.specs, **own.machines.specs}
        assert made == ["on", *wanted.values()]
