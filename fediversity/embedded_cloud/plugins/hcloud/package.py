"""Defines the package `hcloud` of the plug-in."""

from collections.abc import Mapping
from pathlib import Path

from fediversity.embedded_cloud.plugins.cloud import CloudResource, resource_factory
from fediversity.embedded_cloud.plugins.config import Config, Setting
from fediversity.embedded_cloud.plugins.hcloud import facts
from fediversity.embedded_cloud.plugins.hcloud.dns import Zone, ZoneRrset
from fediversity.embedded_cloud.plugins.hcloud.keys import SshKey
from fediversity.embedded_cloud.plugins.hcloud.network import Firewall, PrimaryIp
from fediversity.embedded_cloud.plugins.hcloud.placement import PlacementGroup
from fediversity.embedded_cloud.plugins.hcloud.private import NetworkSubnet, PrivateNetwork, ServerNetwork
from fediversity.embedded_cloud.plugins.hcloud.rdns import Rdns
from fediversity.embedded_cloud.plugins.hcloud.server import Server
from fediversity.embedded_cloud.plugins.hcloud.volumes import Volume, VolumeAttachment
from fediversity.embedded_cloud.plugins.provider import Provider
from fediversity.embedded_cloud.plugins.schema import load

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
    facts.NETWORK: PrivateNetwork,
    facts.NETWORK_SUBNET: NetworkSubnet,
    facts.SERVER_NETWORK: ServerNetwork,
    facts.PLACEMENT_GROUP: PlacementGroup,
    facts.VOLUME: Volume,
    facts.VOLUME_ATTACHMENT: VolumeAttachment,
    facts.RDNS: Rdns,
}

PROVIDER = Provider(PACKAGE, CONFIG, resource_factory(PACKAGE, _TYPES))
