"""Defines the package `gcp` of the plug-in."""

from collections.abc import Mapping
from pathlib import Path

from fediversity.embedded_cloud.plugins.cloud import CloudResource, resource_factory
from fediversity.embedded_cloud.plugins.config import Config, Setting
from fediversity.embedded_cloud.plugins.gcp import facts
from fediversity.embedded_cloud.plugins.gcp.disk import Disk, Image
from fediversity.embedded_cloud.plugins.gcp.dns import ManagedZone, RecordSet
from fediversity.embedded_cloud.plugins.gcp.iam import Account, ProjectMember, project_service_account
from fediversity.embedded_cloud.plugins.gcp.instance import Instance
from fediversity.embedded_cloud.plugins.gcp.kms import CryptoKey, KeyMember, KeyRing
from fediversity.embedded_cloud.plugins.gcp.network import Address, Firewall
from fediversity.embedded_cloud.plugins.gcp.storage import Bucket
from fediversity.embedded_cloud.plugins.provider import Provider
from fediversity.embedded_cloud.plugins.schema import load

PACKAGE = load(Path(__file__).with_name("schema.json"), facts.EXTRAS)

CONFIG = Config(
    (
        Setting("project", "literal"),
        Setting("computeCustomEndpoint", "endpoint"),
        Setting("dnsCustomEndpoint", "endpoint"),
        Setting("storageCustomEndpoint", "endpoint"),
        Setting("cloudResourceManagerCustomEndpoint", "endpoint"),
        Setting("iamCustomEndpoint", "endpoint"),
        Setting("kmsCustomEndpoint", "endpoint"),
        Setting("region", required=False),
        Setting("zone", required=False),
        Setting("skipRegionValidation", required=False),
    )
)

_TYPES: Mapping[str, type[CloudResource]] = {
    facts.ADDRESS: Address,
    facts.FIREWALL: Firewall,
    facts.INSTANCE: Instance,
    facts.MANAGED_ZONE: ManagedZone,
    facts.RECORD_SET: RecordSet,
    facts.BUCKET: Bucket,
    facts.DISK: Disk,
    facts.IMAGE: Image,
    facts.ACCOUNT: Account,
    facts.PROJECT_MEMBER: ProjectMember,
    facts.KEY_RING: KeyRing,
    facts.CRYPTO_KEY: CryptoKey,
    facts.KEY_MEMBER: KeyMember,
}

_FUNCTIONS = {"gcp:storage/getProjectServiceAccount:getProjectServiceAccount": project_service_account}

PROVIDER = Provider(PACKAGE, CONFIG, resource_factory(PACKAGE, _TYPES), _FUNCTIONS)
