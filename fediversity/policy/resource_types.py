"""Facts about resource types, by the engine's tokens, that rules go by.

Sources: the schemas of pulumi-hcloud 1.43.3 and pulumi-gcp 10.2.0.
"""

from collections.abc import Mapping

LABELLED = frozenset(
    {
        "gcp:compute/address:Address",
        "gcp:compute/disk:Disk",
        "gcp:compute/globalAddress:GlobalAddress",
        "gcp:compute/image:Image",
        "gcp:compute/instance:Instance",
        "gcp:compute/snapshot:Snapshot",
        "gcp:dns/managedZone:ManagedZone",
        "gcp:kms/cryptoKey:CryptoKey",
        "gcp:storage/bucket:Bucket",
        "hcloud:index/firewall:Firewall",
        "hcloud:index/floatingIp:FloatingIp",
        "hcloud:index/loadBalancer:LoadBalancer",
        "hcloud:index/network:Network",
        "hcloud:index/placementGroup:PlacementGroup",
        "hcloud:index/primaryIp:PrimaryIp",
        "hcloud:index/server:Server",
        "hcloud:index/snapshot:Snapshot",
        "hcloud:index/sshKey:SshKey",
        "hcloud:index/volume:Volume",
        "hcloud:index/zone:Zone",
        "hcloud:index/zoneRrset:ZoneRrset",
    }
)
"""Types that take labels."""

KEPT: Mapping[str, Mapping[str, bool]] = {
    "gcp:compute/address:Address": {},
    "gcp:compute/disk:Disk": {},
    "gcp:compute/instance:Instance": {"deletionProtection": True},
    "gcp:dns/managedZone:ManagedZone": {"forceDestroy": False},
    "gcp:kms/cryptoKey:CryptoKey": {},
    "gcp:kms/keyRing:KeyRing": {},
    "gcp:storage/bucket:Bucket": {"forceDestroy": False},
    "hcloud:index/floatingIp:FloatingIp": {"deleteProtection": True},
    "hcloud:index/network:Network": {"deleteProtection": True},
    "hcloud:index/primaryIp:PrimaryIp": {"deleteProtection": True},
    "hcloud:index/server:Server": {"deleteProtection": True, "rebuildProtection": True},
    "hcloud:index/volume:Volume": {"deleteProtection": True},
    "hcloud:index/zone:Zone": {"deleteProtection": True},
}
"""Types that hold data or an address, with what keeps each at its cloud; a property that is absent is False."""

PLACES: Mapping[str, tuple[str, ...]] = {
    "gcp": ("zone", "region", "location"),
    "hcloud": ("location", "datacenter", "homeLocation"),
}
"""The properties that say where something stands, by package. Hetzner's `zone` is one of DNS."""

SIZES: Mapping[str, str] = {
    "gcp:compute/instance:Instance": "machineType",
    "hcloud:index/loadBalancer:LoadBalancer": "loadBalancerType",
    "hcloud:index/server:Server": "serverType",
}
"""The property that is a machine's type."""
