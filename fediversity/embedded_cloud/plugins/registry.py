"""Lists the packages with simulated plug-ins. A plug-in process loads only its own package."""

import importlib
from typing import cast

from fediversity.embedded_cloud.plugins.provider import Provider
from fediversity.support.constants import LOCAL_PACKAGES


def provider(name: str) -> Provider:
    """Returns the provider of a package. Raises ValueError for an unknown package."""
    if name not in LOCAL_PACKAGES:
        raise ValueError(f"there is no simulated plug-in '{name}'; there are {', '.join(LOCAL_PACKAGES)}")
    module = importlib.import_module(f"fediversity.embedded_cloud.plugins.{name}.package")
    return cast(Provider, module.PROVIDER)
