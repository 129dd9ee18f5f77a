"""The packages there are plug-ins for. A plug-in process loads only its own."""

import importlib
from typing import cast

from fediversity.embedded_cloud.plugins.provider import Provider
from fediversity.support.constants import LOCAL_PACKAGES


def provider(name: str) -> Provider:
    """The provider of a package. Raises ValueError for a package there is none for."""
    if name not in LOCAL_PACKAGES:
        raise ValueError(f"there is no simulated plug-in '{name}'; there are {', '.join(LOCAL_PACKAGES)}")
    module = importlib.import_module(f"fediversity.embedded_cloud.plugins.{name}.package")
    return cast(Provider, module.PROVIDER)
