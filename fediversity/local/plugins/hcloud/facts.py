"""What is true of Hetzner's resources beyond their schema.

The schema knows `replaces` only for resources on the older Terraform SDK (Server, Firewall); for the others the
upstream provider (hetznercloud/terraform-provider-hcloud) marks the properties below as "requires replace". Lists
marked as sets upstream do not differ by order.
"""

from fediversity.fleet.catalogue import HETZNER_DISK_GB
from fediversity.local.plugins.tables import Extra

SSH_KEY = "hcloud:index/sshKey:SshKey"
FIREWALL = "hcloud:index/firewall:Firewall"
PRIMARY_IP = "hcloud:index/primaryIp:PrimaryIp"
SERVER = "hcloud:index/server:Server"
ZONE = "hcloud:index/zone:Zone"
ZONE_RRSET = "hcloud:index/zoneRrset:ZoneRrset"

EXTRAS = {
    SSH_KEY: Extra(replaces=frozenset({"publicKey"})),
    FIREWALL: Extra(
        sets=frozenset({"rules", "rules.sourceIps", "rules.destinationIps"}),
        not_simulated=frozenset({"applyTos"}),
    ),
    PRIMARY_IP: Extra(
        replaces=frozenset({"type", "location"}),
        not_simulated=frozenset({"assigneeId"}),
    ),
    SERVER: Extra(
        sets=frozenset({"firewallIds", "publicNets"}),
        defaults={
            "backups": False,
            "deleteProtection": False,
            "ignoreRemoteFirewallIds": False,
            "keepDisk": False,
            "rebuildProtection": False,
            "shutdownBeforeDeletion": False,
        },
        not_simulated=frozenset({"iso", "networks", "placementGroupId", "rescue"}),
    ),
    ZONE: Extra(replaces=frozenset({"name", "mode"})),
    ZONE_RRSET: Extra(replaces=frozenset({"zone", "name", "type"}), sets=frozenset({"records"})),
}

DISK_GB = HETZNER_DISK_GB
"""The size of each server type's local disk, in GB."""
