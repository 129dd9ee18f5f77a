"""The package `hcloud` as the plug-in serves it."""

from collections.abc import Mapping
from pathlib import Path

from fediversity.local.plugins.cloud import CloudResource, in_the_cloud
from fediversity.local.plugins.config import Config, Setting
from fediversity.local.plugins.hcloud import facts
from fediversity.local.plugins.hcloud.dns import Zone, ZoneRrset
from fediversity.local.plugins.hcloud.keys import SshKey
from fediversity.local.plugins.hcloud.network import Firewall, PrimaryIp
from fediversity.local.plugins.hcloud.placement import PlacementGroup
from fediversity.local.plugins.hcloud.private import Network, NetworkSubnet, ServerNetwork
from fediversity.local.plugins.hcloud.rdns import Rdns
from fediversity.local.plugins.hcloud.server import Server
from fediversity.local.plugins.hcloud.volumes import Volume, VolumeAttachment
from fediversity.local.plugins.provider import Provider
from fediversity.local.plugins.tables import load

PACKAGE = load(Path(__file__).with_name("schema.json"), facts.EXTRAS)

CONFIG = Config(
    (
        Setting("endpoint", "endpoint"),
        Setting("token", "literal"),
        Setting("endpointHetzner", "endpoint", required=False),
        Setting("pollInterval", required=False),
        Setting("pollFunction", required=False),
    )
)

_TYPES: Mapping[str, type[CloudResource]] = {
    facts.SSH_KEY: SshKey,
    facts.FIREWALL: Firewall,
    facts.PRIMARY_IP: PrimaryIp,
    facts.SERVER: Server,
    facts.ZONE: Zone,
    facts.ZONE_RRSET: ZoneRrset,
    facts.NETWORK: Network,
    facts.NETWORK_SUBNET: NetworkSubnet,
    facts.SERVER_NETWORK: ServerNetwork,
    facts.PLACEMENT_GROUP: PlacementGroup,
    facts.VOLUME: Volume,
    facts.VOLUME_ATTACHMENT: VolumeAttachment,
    facts.RDNS: Rdns,
}

PROVIDER = Provider(PACKAGE, CONFIG, in_the_cloud(PACKAGE, _TYPES))
