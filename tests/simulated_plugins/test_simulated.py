"""Tests the site and the hosts of an embedded cloud."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fediversity.embedded_cloud.folders import StackFolder
from fediversity.embedded_cloud.plugins.problems import CloudError
from fediversity.embedded_cloud.plugins.provider import PulumiRequest, State
from fediversity.embedded_cloud.plugins.registry import provider
from fediversity.embedded_cloud.plugins.simulated.site import SITE, SiteResource
from fediversity.embedded_cloud.store import Record, Store
from tests.simulated_plugins.world import KEY, OTHER_KEY, FakeMachines, World

HOST = {"name": "mac", "machineClass": "darwin", "system": "aarch64-darwin", "user": "admin", "authorizedKeys": [KEY]}


class SiteLife:
    """A site, and Pulumi's calls on it."""

    def __init__(self, project: Path) -> None:
        self.machines = FakeMachines()
        self.folder = StackFolder.of(project, "dev")
        self.site = SiteResource(provider("simulated").package.schemas[SITE], self.folder, self.machines)
        self.call = PulumiRequest("site", None, self._quiet, asyncio.Event())

    def create(self) -> State:
        return asyncio.run(self.site.create(self.call, {"stack": "dev"}))

    def read(self, id_: str = "dev") -> State | None:
        return asyncio.run(self.site.read(self.call, id_, {}, {}))

    def delete(self) -> None:
        asyncio.run(self.site.delete(self.call, "dev", {}))

    @staticmethod
    async def _quiet(_: str) -> None: ...


@pytest.fixture
def life(tmp_path: Path) -> SiteLife:
    return SiteLife(tmp_path)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, "simulated")


class TestSite:
    def test_a_site_is_a_private_folder_with_a_key_pair(self, life: SiteLife) -> None:
        state = life.create()
        assert state.id == "dev"
        assert state.outputs["publicKey"].startswith("ssh-ed25519 ")
        assert state.outputs["publicKey"].endswith(" simulated-dev")
        assert life.folder.root.stat().st_mode & 0o777 == 0o700
        assert life.folder.identity.stat().st_mode & 0o777 == 0o600
        derived = subprocess.run(
            ["ssh-keygen", "-y", "-f", str(life.folder.identity)], check=True, capture_output=True, text=True
        )
        assert derived.stdout.split()[1] == state.outputs["publicKey"].split()[1]

    def test_a_creation_that_was_cut_short_keeps_its_key(self, life: SiteLife) -> None:
        assert life.create().outputs == life.create().outputs

    def test_half_a_key_is_made_anew(self, life: SiteLife) -> None:
        life.folder.root.mkdir(parents=True)
        life.folder.identity.with_name("identity.new").write_text("half")
        life.create()
        assert life.read() is not None

    def test_a_site_can_be_read_and_imported_by_its_stack(self, life: SiteLife) -> None:
        assert life.read() is None
        made = life.create()
        found = life.read()
        assert found is not None
        assert found.outputs == made.outputs
        assert life.read("other") is None

    def test_a_deleted_site_leaves_nothing(self, life: SiteLife, tmp_path: Path) -> None:
        life.create()
        (life.folder.root / "logs").mkdir()
        life.delete()
        assert life.machines.done == ["stop"]
        assert not list(tmp_path.iterdir())
        life.delete()

    def test_the_folder_of_another_stack_stays(self, life: SiteLife, tmp_path: Path) -> None:
        life.create()
        other = StackFolder.of(tmp_path, "other").root
        other.mkdir()
        life.delete()
        assert other.exists()

    def test_a_site_that_still_holds_something_is_not_deleted(self, life: SiteLife) -> None:
        life.create()
        with Store(life.folder.store).writing() as session:
            session.put(Record("hcloud:index/zone:Zone", "1", "fleet.example"))
        with pytest.raises(CloudError, match=r"fleet\.example \(hcloud:index/zone:Zone\)"):
            life.delete()
        assert life.folder.identity.exists()
        assert life.machines.done == []

    def test_a_site_is_of_its_own_stack(self, life: SiteLife) -> None:
        (problem,) = life.site.rules({"stack": "other"})
        assert 'the provider is for the stack "dev"' in str(problem)


class TestHosts:
    def test_a_mac_becomes_a_machine_that_lets_its_user_in(self, world: World) -> None:
        made = world.make("Host", **HOST)
        assert made.id == "mac"
        assert made["address"].startswith("127.")
        assert (made["memoryMb"], made["bootstrapped"]) == (8192, True)
        spec = world.machines.specs["host-mac"]
        assert (spec.image_os, spec.system, spec.root_login) == ("darwin", "aarch64-darwin", False)
        assert spec.authorized_keys == {"admin": (KEY,)}
        assert spec.bootstrapped

    def test_a_server_that_somebody_installed_lets_root_in(self, world: World) -> None:
        world.make("Host", **(HOST | {"machineClass": "nixos", "system": "x86_64-linux", "user": "root"}))
        spec = world.machines.specs["host-mac"]
        assert (spec.image_os, spec.root_login) == ("nixos", True)

    @pytest.mark.parametrize(
        ("inputs", "text"),
        [
            ({"machineClass": "windows"}, "is not a machine class"),
            ({"system": "x86_64-linux"}, "is not a system of darwin"),
            ({"name": "a.b"}, "is not a valid host name"),
            ({"user": "Admin"}, "is not a valid user name"),
            ({"memoryMb": 64}, "is too little"),
            ({"authorizedKeys": ["nonsense"]}, "authorizedKeys[0]: is not an OpenSSH public key"),
        ],
    )
    def test_bad_inputs_are_refused_by_name(self, world: World, inputs: dict[str, Any], text: str) -> None:
        (problem,) = world.problems("Host", **(HOST | inputs))
        assert text in problem

    def test_keys_and_memory_change_in_place_and_the_rest_replaces(self, world: World) -> None:
        made = world.make("Host", **HOST)
        assert not made.update(authorizedKeys=[OTHER_KEY], memoryMb=4096).replaces
        spec = world.machines.specs["host-mac"]
        assert (spec.authorized_keys, spec.memory_mb) == ({"admin": (OTHER_KEY,)}, 4096)
        found = made.update(user="other")
        assert found.replaces == ("user",)
        assert found.delete_before_replace

    def test_a_second_host_of_the_name_is_refused(self, world: World) -> None:
        world.make("Host", **HOST)
        with pytest.raises(CloudError, match='there is a simulated host "mac" already'):
            world.make("Host", **HOST)

    def test_a_deleted_host_takes_its_machine_along(self, world: World) -> None:
        made = world.make("Host", **HOST)
        made.delete()
        assert made.read() is None
        assert not world.machines.specs
