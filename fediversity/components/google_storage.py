"""Buckets of Google Cloud."""

import pulumi

from fediversity.components import google_resources as gcp
from fediversity.components.adopted import adoptable
from fediversity.fleet.clouds import Bucket


class StorageBucket(pulumi.ComponentResource):
    """A Cloud Storage bucket with uniform access, never public."""

    def __init__(
        self,
        name: str,
        bucket: Bucket,
        labels: dict[str, str],
        protect: bool,
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
            force_destroy=not bucket.keep_objects,
            labels=labels,
            opts=adoptable(self, bucket.import_, protect=protect and bucket.keep_objects),
        )
        self.url = created.url
        self.register_outputs({"url": created.url})
