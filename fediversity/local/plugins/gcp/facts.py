"""What is true of Google's resources beyond what their SDK says.

Replacements ("ForceNew"), sets and defaults are those of hashicorp/terraform-provider-google, on which the real
provider stands; the SDK's own docstrings name only a few of them. Properties that are not simulated are not looked at
further.
"""

from fediversity.local.plugins.tables import Extra

ADDRESS = "gcp:compute/address:Address"
FIREWALL = "gcp:compute/firewall:Firewall"
INSTANCE = "gcp:compute/instance:Instance"
MANAGED_ZONE = "gcp:dns/managedZone:ManagedZone"
RECORD_SET = "gcp:dns/recordSet:RecordSet"
BUCKET = "gcp:storage/bucket:Bucket"

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
                "attachedDisks",
                "confidentialInstanceConfig",
                "desiredStatus",
                "enableDisplay",
                "eraseWindowsVssSignature",
                "guestAccelerators",
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
                "encryption",
                "hierarchicalNamespace",
                "ipFilter",
                "logging",
            }
        ),
    ),
}
