"""The packages there are plug-ins for. A plug-in process loads only its own."""

import importlib
from typing import cast

from fediversity.embedded_cloud.plugins.provider import Provider

PACKAGES = ("hcloud", "gcp", "command", "simulated")
VERSION = "0.0.0-local"
"""No release of a real plug-in has this version, so neither is ever taken for the other."""


def provider(name: str) -> Provider:
    """The provider of a package. Raises ValueError for a package there is none for."""
    if name not in PACKAGES:
        raise ValueError(f"there is no simulated plug-in '{name}'; there are {', '.join(PACKAGES)}")
    module = importlib.import_module(f"fediversity.embedded_cloud.plugins.{name}.package")
    return cast(Provider, module.PROVIDER)
