"""Google's part of the program."""

import pulumi

from fediversity.program.cloud import Cloud
from fediversity.program.dns_records import ZoneArgs
from fediversity.program.google.dns import CloudDnsZone
from fediversity.program.google.machine import GcpMachine
from fediversity.program.google.storage import StorageBucket, key_rings
from fediversity.program.machines import MachineArgs


class GoogleCloud(Cloud):
    """Instances, zones, buckets and keys of Google Cloud."""

    def machine(self, args: MachineArgs, opts: pulumi.ResourceOptions) -> GcpMachine:
        """Declares an instance."""
        return GcpMachine(args, opts)

    def zone(self, args: ZoneArgs, opts: pulumi.ResourceOptions) -> CloudDnsZone:
        """Declares a zone of Cloud DNS."""
        return CloudDnsZone(args, opts)

    def declare_storage(self) -> None:
        """Declares the keys of Cloud KMS, and the buckets that they encrypt."""
        fleet, labels, protect = self.context.fleet, self.context.labels, self.context.settings.protect
        keys: dict[str, pulumi.Output[str]] = {}
        if fleet.gcp is not None and fleet.gcp.keys:
            keys = key_rings(fleet.name, fleet.gcp.keys, labels, protect, self.options)
        for name, bucket in fleet.buckets.items():
            key = keys[bucket.key] if bucket.key is not None else None
            StorageBucket(name, bucket, labels, protect, key, self.options)


CLOUD = GoogleCloud
