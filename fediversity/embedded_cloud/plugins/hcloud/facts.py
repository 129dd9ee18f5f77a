"""Defines the properties of Hetzner's resources that their schema does not contain.

The schema has `replaces` only for resources on the older Terraform SDK (Server, Firewall, Network, Volume and related
types, PlacementGroup); for the others, the upstream provider (hetznercloud/terraform-provider-hcloud) marks the
properties below as "requires replace". Lists that are sets upstream do not differ by order. Properties that upstream
computes when they are missing keep their value when they are no longer given.
"""

from fediversity.embedded_cloud.plugins.schema import Extra

SSH_KEY = "hcloud:index/sshKey:SshKey"
FIREWALL = "hcloud:index/firewall:Firewall"
PRIMARY_IP = "hcloud:index/primaryIp:PrimaryIp"
SERVER = "hcloud:index/server:Server"
ZONE = "hcloud:index/zone:Zone"
ZONE_RRSET = "hcloud:index/zoneRrset:ZoneRrset"
NETWORK = "hcloud:index/network:Network"
NETWORK_SUBNET = "hcloud:index/networkSubnet:NetworkSubnet"
SERVER_NETWORK = "hcloud:index/serverNetwork:ServerNetwork"
PLACEMENT_GROUP = "hcloud:index/placementGroup:PlacementGroup"
VOLUME = "hcloud:index/volume:Volume"
VOLUME_ATTACHMENT = "hcloud:index/volumeAttachment:VolumeAttachment"
RDNS = "hcloud:index/rdns:Rdns"

RECORD_TYPES = frozenset(
    {"A", "AAAA", "CAA", "CNAME", "DS", "HINFO", "HTTPS", "MX"}
    | {"NS", "PTR", "RP", "SOA", "SRV", "SVCB", "TLSA", "TXT"}
)
"""The types of record sets that the API takes (`ZoneRRSetType` in hetznercloud/hcloud-go)."""

EXTRAS = {
    SSH_KEY: Extra(replaces=frozenset({"publicKey"})),
    FIREWALL: Extra(
        sets=frozenset({"rules", "rules.sourceIps", "rules.destinationIps"}),
        not_simulated=frozenset({"applyTos"}),
    ),
    PRIMARY_IP: Extra(
        replaces=frozenset({"type", "location"}),
        kept=frozenset({"location"}),
        not_simulated=frozenset({"assigneeId"}),
    ),
    SERVER: Extra(
        sets=frozenset({"firewallIds", "publicNets"}),
        kept=frozenset({"image", "location"}),
        defaults={
            "backups": False,
            "deleteProtection": False,
            "ignoreRemoteFirewallIds": False,
            "keepDisk": False,
            "rebuildProtection": False,
            "shutdownBeforeDeletion": False,
        },
        not_simulated=frozenset({"iso", "networks", "rescue"}),
    ),
    ZONE: Extra(replaces=frozenset({"name", "mode"})),
    ZONE_RRSET: Extra(replaces=frozenset({"zone", "name", "type"}), sets=frozenset({"records"})),
    NETWORK: Extra(defaults={"deleteProtection": False}, not_simulated=frozenset({"exposeRoutesToVswitch"})),
    NETWORK_SUBNET: Extra(not_simulated=frozenset({"vswitchId"})),
    SERVER_NETWORK: Extra(
        replaces=frozenset({"serverId", "networkId", "subnetId", "ip"}),
        sets=frozenset({"aliasIps"}),
        kept=frozenset({"networkId", "ip"}),
    ),
    VOLUME: Extra(
        defaults={"deleteProtection": False},
        kept=frozenset({"location"}),
        not_simulated=frozenset({"automount", "serverId"}),
    ),
    VOLUME_ATTACHMENT: Extra(not_simulated=frozenset({"automount"})),
    RDNS: Extra(
        replaces=frozenset({"serverId", "primaryIpId", "floatingIpId", "loadBalancerId", "ipAddress"}),
        not_simulated=frozenset({"floatingIpId", "loadBalancerId"}),
    ),
}
