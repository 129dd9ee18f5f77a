"""Buckets of Google Cloud, and the keys that encrypt them."""

from collections.abc import Mapping

import pulumi

from fediversity.fleet.providers.google.names import kms_location
from fediversity.fleet.providers.google.storage import Bucket, KmsKey
from fediversity.program.google import resources as gcp
from fediversity.program.imports import adoptable

STORAGE_ROLE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
"""What Cloud Storage's own account has to be allowed before a bucket can have a key."""

_DAY = 24 * 60 * 60


class KeyRing(pulumi.ComponentResource):
    """The fleet's keys in one location, each of which Cloud Storage may use. `keys` are their ids by name.

    Neither a key ring nor a key can ever be deleted in Cloud KMS: deleting the resource of a key destroys its versions,
    and with them whatever they encrypt.
    """

    def __init__(
        self,
        fleet: str,
        location: str,
        keys: Mapping[str, KmsKey],
        labels: dict[str, str],
        protect: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("fediversity:storage:KeyRing", location, None, opts)
        ring = gcp.KeyRing(
            f"{location}-ring",
            name=fleet,
            location=location,
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        storage = gcp.project_service_account(self)
        self.keys: dict[str, pulumi.Output[str]] = {}
        for name, wanted in keys.items():
            key = gcp.CryptoKey(
                f"{location}-{name}",
                name=name,
                key_ring=ring.id,
                rotation_period=f"{wanted.rotation_days * _DAY}s",
                deletion_policy="PREVENT" if protect else "DELETE",
                labels=labels,
                opts=pulumi.ResourceOptions(parent=self, protect=protect),
            )
            allowed = gcp.CryptoKeyIAMMember(
                f"{location}-{name}-storage",
                crypto_key_id=key.id,
                role=STORAGE_ROLE,
                member=storage,
                opts=pulumi.ResourceOptions(parent=self),
            )
            # A resource that takes the key's id from here waits until Cloud Storage may use it.
            self.keys[name] = pulumi.Output.all(key.id, allowed.id).apply(lambda known: str(known[0]))
        self.register_outputs({"keys": self.keys})


def key_rings(
    fleet: str,
    keys: Mapping[str, KmsKey],
    labels: dict[str, str],
    protect: bool,
    opts: pulumi.ResourceOptions | None = None,
) -> dict[str, pulumi.Output[str]]:
    """Declares the fleet's key ring in each location where it keeps keys; gives the ids of all keys by name."""
    found: dict[str, pulumi.Output[str]] = {}
    for location in dict.fromkeys(kms_location(key.location) for key in keys.values()):
        here = {name: key for name, key in keys.items() if kms_location(key.location) == location}
        found |= KeyRing(fleet, location, here, labels, protect, opts).keys
    return found


class StorageBucket(pulumi.ComponentResource):
    """A Cloud Storage bucket with uniform access, never public. `key` is the id of the key that encrypts it."""

    def __init__(
        self,
        name: str,
        bucket: Bucket,
        labels: dict[str, str],
        protect: bool,
        key: pulumi.Output[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("fediversity:storage:StorageBucket", name, None, opts)
        created = gcp.Bucket(
            f"{name}-bucket",
            name=name,
            location=bucket.location.upper(),
            storage_class=bucket.storage_class,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            versioning={"enabled": bucket.versioning},
            encryption={"default_kms_key_name": key} if key is not None else None,
            force_destroy=not bucket.keep_objects,
            labels=labels,
            opts=adoptable(self, bucket.import_, protect=protect and bucket.keep_objects),
        )
        self.url = created.url
        self.register_outputs({"url": created.url})
