"""What is true of Hetzner's resources beyond their schema.

The schema knows `replaces` only for resources on the older Terraform SDK (Server, Firewall); for the others the
upstream provider (hetznercloud/terraform-provider-hcloud) marks the properties below as "requires replace". Lists
marked as sets upstream do not differ by order.
"""

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

DISK_GB = {
    **{"cx22": 40, "cx32": 80, "cx42": 160, "cx52": 320, "cx23": 40, "cx33": 80, "cx43": 160, "cx53": 320},
    **{"cpx11": 40, "cpx21": 80, "cpx31": 160, "cpx41": 240, "cpx51": 360},
    **{"cpx12": 40, "cpx22": 80, "cpx32": 160, "cpx42": 320, "cpx52": 480, "cpx62": 640},
    **{"ccx13": 80, "ccx23": 160, "ccx33": 240, "ccx43": 360, "ccx53": 600, "ccx63": 960},
    **{"cax11": 40, "cax21": 80, "cax31": 160, "cax41": 320},
}
"""The size of each server type's local disk, in GB (Hetzner's public price list)."""
