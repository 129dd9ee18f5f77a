"""Defines the properties of Google's resources that their SDK does not contain.

Replacements ("ForceNew"), sets and defaults are those of hashicorp/terraform-provider-google, on which the real
provider is based; the SDK's own docstrings mention only a few of them. Properties that are not simulated are not
examined further.
"""

from fediversity.embedded_cloud.plugins.schema import Extra

ADDRESS = "gcp:compute/address:Address"
FIREWALL = "gcp:compute/firewall:Firewall"
INSTANCE = "gcp:compute/instance:Instance"
MANAGED_ZONE = "gcp:dns/managedZone:ManagedZone"
RECORD_SET = "gcp:dns/recordSet:RecordSet"
BUCKET = "gcp:storage/bucket:Bucket"
DISK = "gcp:compute/disk:Disk"
IMAGE = "gcp:compute/image:Image"
ACCOUNT = "gcp:serviceaccount/account:Account"
PROJECT_MEMBER = "gcp:projects/iAMMember:IAMMember"
KEY_RING = "gcp:kms/keyRing:KeyRing"
CRYPTO_KEY = "gcp:kms/cryptoKey:CryptoKey"
KEY_MEMBER = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"

RECORD_TYPES = frozenset(
    {"A", "AAAA", "ALIAS", "CAA", "CNAME", "DNSKEY", "DS", "HTTPS", "IPSECKEY", "MX"}
    | {"NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"}
)
"""The types of record sets that Cloud DNS takes (its "DNS records overview"; `record_types.py` of gcloud)."""

_INITIALIZE_PARAMS = frozenset(f"bootDisk.initializeParams.{name}" for name in ("architecture", "image", "type"))

EXTRAS = {
    ADDRESS: Extra(
        replaces=frozenset(
            {"addressType", "description", "ipVersion", "name", "networkTier", "project", "purpose", "region"}
        ),
        defaults={"addressType": "EXTERNAL"},
        not_simulated=frozenset(
            {"address", "ipCollection", "ipv6EndpointType", "network", "prefixLength", "purpose", "subnetwork"}
        ),
    ),
    FIREWALL: Extra(
        replaces=frozenset({"direction", "name", "project"}),
        sets=frozenset({"allows", "denies", "destinationRanges", "sourceRanges", "sourceTags", "targetTags"}),
        defaults={"priority": 1000},
        not_simulated=frozenset({"params", "sourceServiceAccounts", "targetServiceAccounts"}),
    ),
    INSTANCE: Extra(
        replaces=frozenset(
            {
                "bootDisk",
                "bootDisk.deviceName",
                "bootDisk.guestOsFeatures",
                "bootDisk.initializeParams",
                "bootDisk.mode",
                "guestAccelerators",
                "guestAccelerators.count",
                "guestAccelerators.type",
                "metadataStartupScript",
                "networkInterfaces",
                "networkInterfaces.nicType",
                "networkInterfaces.queueCount",
                "project",
                "scheduling.preemptible",
                "scheduling.provisioningModel",
                "scheduling.terminationTime",
                "zone",
            }
        )
        | _INITIALIZE_PARAMS,
        sets=frozenset({"tags", "serviceAccount.scopes"}),
        defaults={"canIpForward": False, "deletionProtection": False},
        not_simulated=frozenset(
            {
                "advancedMachineFeatures",
                "confidentialInstanceConfig",
                "desiredStatus",
                "enableDisplay",
                "eraseWindowsVssSignature",
                "instanceEncryptionKey",
                "keyRevocationActionType",
                "minCpuPlatform",
                "networkPerformanceConfig",
                "params",
                "partnerMetadata",
                "reservationAffinity",
                "resourcePolicies",
                "scratchDisks",
                "workloadIdentityConfig",
            }
        ),
    ),
    MANAGED_ZONE: Extra(
        replaces=frozenset({"dnsName", "name", "project", "visibility"}),
        defaults={"description": "Managed by Pulumi", "forceDestroy": False, "visibility": "public"},
        not_simulated=frozenset(
            {"forwardingConfig", "peeringConfig", "privateVisibilityConfig", "reverseLookup", "serviceDirectoryConfig"}
        ),
    ),
    RECORD_SET: Extra(
        replaces=frozenset({"managedZone", "name", "project"}),
        sets=frozenset({"rrdatas"}),
        not_simulated=frozenset({"routingPolicy"}),
    ),
    BUCKET: Extra(
        replaces=frozenset({"location", "name", "project"}),
        defaults={"forceDestroy": False, "storageClass": "STANDARD"},
        not_simulated=frozenset(
            {
                "customPlacementConfig",
                "enableObjectRetention",
                "hierarchicalNamespace",
                "ipFilter",
                "logging",
            }
        ),
    ),
    DISK: Extra(
        replaces=frozenset({"description", "name", "project", "type", "zone"}),
        grows=frozenset({"size"}),
        defaults={"type": "pd-standard"},
        not_simulated=frozenset(
            {
                "accessMode",
                "architecture",
                "asyncPrimaryDisk",
                "createSnapshotBeforeDestroy",
                "createSnapshotBeforeDestroyPrefix",
                "diskEncryptionKey",
                "enableConfidentialCompute",
                "eraseWindowsVssSignature",
                "guestOsFeatures",
                "image",
                "interface",
                "licenses",
                "multiWriter",
                "params",
                "physicalBlockSizeBytes",
                "provisionedIops",
                "provisionedThroughput",
                "resourcePolicies",
                "snapshot",
                "sourceDisk",
                "sourceImageEncryptionKey",
                "sourceInstantSnapshot",
                "sourceSnapshotEncryptionKey",
                "sourceStorageObject",
                "storagePool",
            }
        ),
    ),
    IMAGE: Extra(
        replaces=frozenset(
            {
                "description",
                "diskSizeGb",
                "family",
                "guestOsFeatures",
                "guestOsFeatures.type",
                "name",
                "project",
                "rawDisk",
                "rawDisk.containerType",
                "rawDisk.sha1",
                "rawDisk.source",
                "storageLocations",
            }
        ),
        sets=frozenset({"guestOsFeatures"}),
        not_simulated=frozenset(
            {
                "imageEncryptionKey",
                "licenses",
                "params",
                "shieldedInstanceInitialState",
                "sourceDisk",
                "sourceDiskEncryptionKey",
                "sourceImage",
                "sourceImageEncryptionKey",
                "sourceSnapshot",
                "sourceSnapshotEncryptionKey",
            }
        ),
    ),
    ACCOUNT: Extra(
        replaces=frozenset({"accountId", "project"}),
        defaults={"disabled": False},
        not_simulated=frozenset({"createIgnoreAlreadyExists"}),
    ),
    PROJECT_MEMBER: Extra(
        replaces=frozenset({"condition", "member", "project", "role"}), not_simulated=frozenset({"condition"})
    ),
    KEY_RING: Extra(replaces=frozenset({"location", "name", "project"})),
    CRYPTO_KEY: Extra(
        replaces=frozenset({"destroyScheduledDuration", "keyRing", "name", "purpose"}),
        defaults={"purpose": "ENCRYPT_DECRYPT"},
        not_simulated=frozenset(
            {
                "cryptoKeyBackend",
                "importOnly",
                "keyAccessJustificationsPolicy",
                "skipInitialVersionCreation",
                "versionTemplate",
            }
        ),
    ),
    KEY_MEMBER: Extra(
        replaces=frozenset({"condition", "cryptoKeyId", "member", "role"}), not_simulated=frozenset({"condition"})
    ),
}
