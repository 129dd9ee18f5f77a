"""The package `hcloud` as the plug-in serves it."""

from collections.abc import Mapping
from pathlib import Path

from fediversity.local.folders import StackFolder
from fediversity.local.plugins.cloud import Cloud, CloudResource
from fediversity.local.plugins.config import Config, Setting
from fediversity.local.plugins.hcloud import facts
from fediversity.local.plugins.hcloud.dns import Zone, ZoneRrset
from fediversity.local.plugins.hcloud.keys import SshKey
from fediversity.local.plugins.hcloud.network import Firewall, PrimaryIp
from fediversity.local.plugins.hcloud.server import Server
from fediversity.local.plugins.provider import Provider, Resource
from fediversity.local.plugins.tables import load
from fediversity.local.plugins.values import Values

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
}


def resources(folder: StackFolder, settings: Values) -> dict[str, Resource]:
    """The resource types by token, in the embedded cloud of a stack."""
    cloud = Cloud.of(folder, settings)
    return {token: type_(PACKAGE.tables[token], cloud) for token, type_ in _TYPES.items()}


PROVIDER = Provider(PACKAGE, CONFIG, resources)
