"""Tests keys of the simulated Cloud KMS, and the buckets that they encrypt."""

from pathlib import Path

import pytest

from fediversity.embedded_cloud.plugins.problems import CloudError
from fediversity.embedded_cloud.plugins.simulated.site import SITE
from fediversity.embedded_cloud.store import LEFT_BEHIND
from tests.simulated_plugins.gcp_samples import REGION, allow_storage, key
from tests.simulated_plugins.world import Made, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, "gcp", {})


def bucket(world: World, made: Made, location: str = REGION) -> Made:
    """Creates a bucket that is encrypted with a key."""
    return world.make("Bucket", name="fleet-media", location=location, encryption={"defaultKmsKeyName": made.id})


class TestKeysStay:
    def test_a_deleted_key_ring_keeps_its_name_for_ever(self, world: World) -> None:
        ring = world.make("KeyRing", name="fleet", location=REGION)
        assert ring.id == f"projects/simulated/locations/{REGION}/keyRings/fleet"
        ring.delete()
        assert ring.imported(ring.id) is not None
        with pytest.raises(CloudError, match="key rings are never deleted, import it"):
            world.make("KeyRing", name="fleet", location=REGION)
        world.make("KeyRing", name="fleet", location="europe")

    def test_a_deleted_key_keeps_its_name_and_encrypts_nothing_more(self, world: World) -> None:
        made = key(world)
        assert made["primaries"][0]["state"] == "ENABLED"
        allow_storage(world, made)
        made.delete()
        with pytest.raises(CloudError, match="keys are never deleted"):
            world.make("CryptoKey", name="media", keyRing=made.inputs["keyRing"])
        with pytest.raises(CloudError, match="has no version that is enabled"):
            bucket(world, made)

    def test_a_key_with_the_policy_prevent_is_not_deleted(self, world: World) -> None:
        made = key(world, deletionPolicy="PREVENT")
        with pytest.raises(CloudError, match="PREVENT"):
            made.delete()
        assert made["primaries"][0]["state"] == "ENABLED"

    def test_what_stays_keeps_no_simulated_site(self, world: World) -> None:
        key(world).delete()
        world.resource("KeyRing").delete_now(f"projects/simulated/locations/{REGION}/keyRings/fleet", {})
        with world.cloud.store.reading() as session:
            left = [record for record in session.everything() if record.type != SITE]
        assert left
        assert all(record.facts[LEFT_BEHIND] for record in left)

    def test_a_key_needs_its_ring(self, world: World) -> None:
        with pytest.raises(CloudError, match="not found"):
            world.make("CryptoKey", name="media", keyRing=f"projects/simulated/locations/{REGION}/keyRings/none")


def test_rotation_changes_in_place_and_the_rest_of_a_key_does_not(world: World) -> None:
    made = key(world)
    assert not made.update(rotationPeriod="7776000s", labels={"fleet": "f"}).replaces
    assert made.update(destroyScheduledDuration="604800s").replaces == ("destroyScheduledDuration",)


class TestEncryptedBuckets:
    def test_storage_has_to_be_allowed_to_use_the_key_first(self, world: World) -> None:
        made = key(world)
        with pytest.raises(CloudError, match="authorized to use this key"):
            bucket(world, made)
        allow_storage(world, made)
        assert bucket(world, made)["encryption"] == {"defaultKmsKeyName": made.id}

    def test_the_key_has_to_be_where_the_bucket_is(self, world: World) -> None:
        made = key(world)
        allow_storage(world, made)
        with pytest.raises(CloudError, match="is not where the bucket is, US"):
            bucket(world, made, "US")

    def test_the_multi_region_eu_is_europe_to_cloud_kms(self, world: World) -> None:
        made = key(world, "europe")
        allow_storage(world, made)
        bucket(world, made, "EU")

    def test_a_key_that_is_not_there_is_refused(self, world: World) -> None:
        made = key(world)
        made.id += "-other"
        with pytest.raises(CloudError, match="not found"):
            bucket(world, made)

    def test_a_bucket_gets_and_loses_a_key_in_place(self, world: World) -> None:
        made = key(world)
        allow_storage(world, made)
        plain = world.make("Bucket", name="fleet-media", location=REGION)
        assert not plain.update(encryption={"defaultKmsKeyName": made.id}).replaces
        assert not plain.update(encryption=None).replaces
