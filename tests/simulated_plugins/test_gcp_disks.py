"""Tests disks, images, GPUs and service accounts of the simulated Google Cloud."""

from pathlib import Path
from typing import Any

import pytest

from fediversity.embedded_cloud.faults.store import FaultStore
from fediversity.embedded_cloud.plugins.gcp.iam import STORAGE_AGENT, project_service_account
from fediversity.embedded_cloud.plugins.problems import CloudError
from tests.simulated_plugins.gcp_samples import ARCHIVE, ZONE, account, disk, vm
from tests.simulated_plugins.world import KEY, Made, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, "gcp", {"computeCustomEndpoint": "simulated:dev"})


def with_disk(world: World, made: Made, **inputs: Any) -> Made:
    """Creates an instance with an additional disk."""
    return vm(world, attachedDisks=[{"source": made["selfLink"], "deviceName": "data"}], **inputs)


class TestDisks:
    def test_a_disk_outlives_the_instance_it_is_attached_to(self, world: World) -> None:
        made = disk(world)
        instance = with_disk(world, made)
        state = made.read()
        assert state is not None
        assert state.outputs["users"] == [f"simulated:dev/{instance.id}"]
        instance.delete()
        state = made.read()
        assert state is not None
        assert state.outputs["users"] == []

    def test_a_disk_is_attached_and_detached_in_place(self, world: World) -> None:
        made, instance = disk(world), vm(world)
        assert not instance.update(attachedDisks=[{"source": made["selfLink"]}]).replaces
        assert not instance.update(attachedDisks=None).replaces

    def test_a_disk_of_another_instance_zone_or_nobody_is_not_attached(self, world: World) -> None:
        with pytest.raises(CloudError, match="was not found"):
            vm(world, attachedDisks=[{"source": f"projects/simulated/zones/{ZONE}/disks/none"}])
        with pytest.raises(CloudError, match="was not found"):
            with_disk(world, disk(world, "far", zone="europe-west3-b"))
        made = disk(world)
        with_disk(world, made)
        with pytest.raises(CloudError, match="is already being used by"):
            with_disk(world, made, name="other")

    def test_a_disk_grows_in_place_and_a_smaller_one_is_another_one(self, world: World) -> None:
        made = disk(world)
        assert not made.update(size=200).replaces
        assert made["size"] == 200
        smaller = made.update(size=150)
        assert (smaller.replaces, smaller.delete_before_replace) == (("size",), True)

    @pytest.mark.parametrize("change", [{"type": "pd-ssd"}, {"zone": "europe-west3-b"}, {"description": "new"}])
    def test_a_disk_of_another_type_or_place_is_another_one(self, world: World, change: dict[str, str]) -> None:
        assert disk(world).update(**change).replaces == tuple(change)

    def test_labels_change_in_place(self, world: World) -> None:
        assert not disk(world).update(labels={"machine": "orb"}).replaces

    def test_a_disk_that_is_deleted_is_detached_first_as_the_real_provider_does(self, world: World) -> None:
        made = disk(world)
        instance = with_disk(world, made)
        made.delete()
        state = instance.read()
        assert state is not None
        assert state.outputs["attachedDisks"] == []


class TestImages:
    def test_an_instance_boots_a_prepared_image_and_is_nixos_at_once(self, world: World) -> None:
        image = world.make("Image", name="orb-image", rawDisk={"source": ARCHIVE})
        metadata = {"ssh-keys": f"root:{KEY}"}
        vm(world, bootDisk={"initializeParams": {"image": image["selfLink"]}}, metadata=metadata)
        spec = world.machines.specs[f"gcp-{ZONE}-orb"]
        assert (spec.image_os, spec.root_login) == ("nixos", True)

    def test_an_image_has_to_be_there(self, world: World) -> None:
        with pytest.raises(CloudError, match="was not found"):
            vm(world, bootDisk={"initializeParams": {"image": "projects/simulated/global/images/none"}})

    @pytest.mark.parametrize(
        "change", [{"rawDisk": {"source": "gs://images/other.tar.gz"}}, {"family": "nixos"}, {"name": "other"}]
    )
    def test_an_image_never_changes_but_for_its_labels(self, world: World, change: dict[str, Any]) -> None:
        image = world.make("Image", name="orb-image", rawDisk={"source": ARCHIVE})
        assert not image.update(labels={"machine": "orb"}).replaces
        assert image.update(**change).replaces == tuple(change)


def test_a_gpu_is_not_changed_in_place(world: World) -> None:
    terminate = {"onHostMaintenance": "TERMINATE"}
    one = [{"type": "nvidia-tesla-t4", "count": 1}]
    made = vm(world, machineType="n1-standard-4", guestAccelerators=one, scheduling=terminate)
    found = made.update(guestAccelerators=[{"type": "nvidia-tesla-t4", "count": 2}])
    assert found.replaces == ("guestAccelerators",)


class TestAFullZone:
    def test_a_new_instance_is_refused_there_and_made_elsewhere(self, world: World) -> None:
        FaultStore(world.folder.cloud).set("orb", "zone-full", ZONE)
        with pytest.raises(CloudError, match="ZONE_RESOURCE_POOL_EXHAUSTED"):
            vm(world)
        assert vm(world, zone="europe-west3-b").id.endswith("/europe-west3-b/instances/orb")

    def test_an_instance_that_is_there_stays(self, world: World) -> None:
        made = vm(world)
        FaultStore(world.folder.cloud).set("orb", "zone-full", ZONE)
        made.update(labels={"machine": "orb"})


class TestServiceAccounts:
    def test_an_instance_runs_as_an_account_that_is_there(self, world: World) -> None:
        scopes = ["cloud-platform"]
        with pytest.raises(CloudError, match="was not found"):
            vm(world, serviceAccount={"email": "none@simulated.iam.gserviceaccount.com", "scopes": scopes})
        made = account(world)
        assert made["email"] == "orb-host@simulated.iam.gserviceaccount.com"
        assert made.id == f"projects/simulated/serviceAccounts/{made['email']}"
        vm(world, serviceAccount={"email": made["email"], "scopes": scopes})

    def test_a_running_instance_gets_an_account_only_where_stopping_is_allowed(self, world: World) -> None:
        made, instance = account(world), vm(world)
        wanted = {"email": made["email"], "scopes": ["cloud-platform"]}
        with pytest.raises(CloudError, match="allowStoppingForUpdate"):
            instance.update(serviceAccount=wanted)
        instance.update(serviceAccount=wanted, allowStoppingForUpdate=True)

    def test_an_id_is_taken_once(self, world: World) -> None:
        account(world)
        with pytest.raises(CloudError, match="already exists within project"):
            account(world)

    def test_a_role_is_given_once_to_an_account_that_is_there(self, world: World) -> None:
        wanted = {"project": "simulated", "role": "roles/logging.logWriter"}
        with pytest.raises(CloudError, match="does not exist"):
            world.make("IAMMember", member="serviceAccount:none@simulated.iam.gserviceaccount.com", **wanted)
        member = account(world)["member"]
        made = world.make("IAMMember", member=member, **wanted)
        assert made.id == f"simulated/roles/logging.logWriter/{member}"
        with pytest.raises(CloudError, match="already"):
            world.make("IAMMember", member=member, **wanted)
        assert made.update(role="roles/storage.objectViewer").replaces == ("role",)


class TestTheStorageAccount:
    def test_it_is_told_by_name(self) -> None:
        told = project_service_account({})
        assert told["member"] == f"serviceAccount:{STORAGE_AGENT}"
        assert told == project_service_account({"project": "simulated"})

    @pytest.mark.parametrize("arguments", [{"project": "other"}, {"projekt": "simulated"}])
    def test_another_project_or_argument_is_refused(self, arguments: dict[str, str]) -> None:
        with pytest.raises(CloudError):
            project_service_account(arguments)
