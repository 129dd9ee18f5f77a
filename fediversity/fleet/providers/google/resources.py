"""The resource types of Pulumi's gcp package. Source: the schema of pulumi-gcp 10.2.0."""

from collections.abc import Iterator, Mapping

from fediversity.fleet.providers.google import billing
from fediversity.fleet.providers.resource_type import AllowedTraffic, CloudResources, Inputs, ResourceType, seen_list


def _traffic(inputs: Inputs) -> Iterator[AllowedTraffic]:
    if inputs.get("direction", "INGRESS") != "INGRESS":
        return
    ranges = seen_list(inputs.get("sourceRanges"))
    # To Google, no source at all means everybody.
    anybody = not ranges and not inputs.get("sourceTags") and not inputs.get("sourceServiceAccounts")
    for allow in seen_list(inputs.get("allows")):
        for ports in seen_list(allow.get("ports")) or [None]:
            yield AllowedTraffic(str(allow.get("protocol", "all")), ports, None if anybody else tuple(ranges))


def _login_keys(inputs: Inputs) -> Iterator[str]:
    metadata = inputs.get("metadata")
    lines = metadata.get("ssh-keys") if isinstance(metadata, Mapping) else None
    if isinstance(lines, str):
        yield from (line.partition(":")[2] for line in lines.splitlines())


RESOURCES = CloudResources(
    package="gcp",
    places={"zone": "zone", "region": "zone", "location": "location"},
    sizes={"machineType": "machine_type", "guestAccelerators": "accelerator"},
    types=(
        ResourceType(
            "gcp:compute/instance:Instance",
            word="server",
            role="server",
            kept_by={"deletionProtection": True},
            labelled=True,
            size="machineType",
            accelerators="guestAccelerators",
            # The id of an instance is made of names, which its successor has as well.
            unique_id="instanceId",
            login_keys=_login_keys,
            billed=billing.instance,
        ),
        ResourceType(
            "gcp:compute/address:Address",
            word="address",
            role="address",
            kept_by={},
            labelled=True,
            billed=billing.address,
        ),
        ResourceType("gcp:compute/disk:Disk", word="disk", kept_by={}, labelled=True, billed=billing.disk),
        ResourceType(
            "gcp:dns/managedZone:ManagedZone",
            word="DNS zone",
            kept_by={"forceDestroy": False},
            labelled=True,
            billed=billing.zone,
        ),
        ResourceType(
            "gcp:storage/bucket:Bucket",
            word="bucket",
            role="bucket",
            kept_by={"forceDestroy": False},
            labelled=True,
            billed=billing.bucket,
        ),
        ResourceType("gcp:kms/keyRing:KeyRing", word="key ring", kept_by={}),
        ResourceType("gcp:kms/cryptoKey:CryptoKey", word="key", kept_by={}, labelled=True, billed=billing.key),
        ResourceType("gcp:compute/firewall:Firewall", traffic=_traffic),
        ResourceType("gcp:compute/globalAddress:GlobalAddress", labelled=True),
        ResourceType("gcp:compute/image:Image", labelled=True),
        ResourceType("gcp:compute/snapshot:Snapshot", labelled=True),
    ),
)
