"""The provider of Hetzner Cloud and Hetzner DNS."""

from collections.abc import Mapping
from typing import Any

import pulumi

from fediversity.program.cloud import ProviderRequest

ANSWERS: Mapping[str, Mapping[str, Any]] = {}


def declare_provider(request: ProviderRequest) -> pulumi.ProviderResource:
    """Declares the provider: the official one with its token, or the embedded cloud's."""
    import pulumi_hcloud as hcloud  # noqa: PLC0415 (only loaded when needed)

    if request.simulated is not None:
        return hcloud.Provider("hcloud", endpoint=request.simulated, token="simulated", opts=request.opts)  # noqa: S106
    elsewhere = request.settings.endpoints.url("hcloud")
    return hcloud.Provider("hcloud", token=request.secret, endpoint=elsewhere, opts=request.opts)
