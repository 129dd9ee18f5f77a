"""Lists the packages with simulated plug-ins. A plug-in process loads only its own package."""

import importlib
from typing import cast

from fediversity.embedded_cloud.plugins.provider import Provider

PACKAGES = ("hcloud", "gcp", "command", "simulated")
VERSION = "0.0.0-local"
"""No release of a real plug-in has this version, so the two cannot be confused."""


def provider(name: str) -> Provider:
    """Returns the provider of a package. Raises ValueError for an unknown package."""
    if name not in PACKAGES:
        raise ValueError(f"there is no simulated plug-in '{name}'; there are {', '.join(PACKAGES)}")
    module = importlib.import_module(f"fediversity.embedded_cloud.plugins.{name}.package")
    return cast(Provider, module.PROVIDER)
