"""Defines the package `simulated` of the plug-in."""

from pathlib import Path

from fediversity.embedded_cloud.folders import StackFolder
from fediversity.embedded_cloud.plugins.cloud import Cloud
from fediversity.embedded_cloud.plugins.config import Config, Setting
from fediversity.embedded_cloud.plugins.provider import Provider, Resource
from fediversity.embedded_cloud.plugins.schema import Extra, load
from fediversity.embedded_cloud.plugins.simulated.host import HOST, Host
from fediversity.embedded_cloud.plugins.simulated.site import SITE, SiteResource
from fediversity.embedded_cloud.plugins.values import Values

PACKAGE = load(
    Path(__file__).with_name("schema.json"),
    {
        SITE: Extra(delete_before_replace=True),
        HOST: Extra(
            sets=frozenset({"authorizedKeys"}),
            defaults={"bootstrapped": True, "memoryMb": 8192},
            delete_before_replace=True,
        ),
    },
)

CONFIG = Config((Setting("stack", "stack"),))


def resources(folder: StackFolder, settings: Values) -> dict[str, Resource]:
    """Returns the resource types by token, in the embedded cloud of a stack."""
    cloud = Cloud.of(folder, settings)
    return {
        SITE: SiteResource(PACKAGE.schemas[SITE], folder, cloud.machines),
        HOST: Host(PACKAGE.schemas[HOST], cloud),
    }


PROVIDER = Provider(PACKAGE, CONFIG, resources)
