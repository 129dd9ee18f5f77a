"""The table of resource types, by Pulumi's token.

The guard against destruction, the policy rules, the cost of a state and the lifting of protection all read it.
"""

from collections.abc import Mapping

from fediversity.fleet.providers.google.resources import RESOURCES as GOOGLE
from fediversity.fleet.providers.hetzner.resources import RESOURCES as HETZNER
from fediversity.fleet.providers.resource_type import CloudResources, ResourceType

CLOUDS: tuple[CloudResources, ...] = (
    HETZNER,
    GOOGLE,
)
RESOURCE_TYPES: Mapping[str, ResourceType] = {entry.token: entry for cloud in CLOUDS for entry in cloud.types}

PACKAGES: Mapping[str, CloudResources] = {cloud.package: cloud for cloud in CLOUDS}
"""The same by package."""

_UNLISTED = ResourceType("")
_NO_PACKAGE = CloudResources("", ())


def resource_type(token: str) -> ResourceType:
    """Returns what is known of a type; of one that is not in the table, that it is nothing in particular."""
    return RESOURCE_TYPES.get(token, _UNLISTED)


def package_of(token: str) -> CloudResources:
    """Returns what is known of the package of a type; nothing of one that no cloud here has."""
    return PACKAGES.get(token.partition(":")[0], _NO_PACKAGE)
