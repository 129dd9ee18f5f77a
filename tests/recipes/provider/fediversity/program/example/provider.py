"""The provider of Example Cloud, by its package's name: there is no SDK of it."""

from collections.abc import Mapping
from typing import Any

import pulumi

from fediversity.program.cloud import ProviderRequest

ANSWERS: Mapping[str, Mapping[str, Any]] = {}


def declare_provider(request: ProviderRequest) -> pulumi.ProviderResource:
    """Declares the provider with its token, or with the embedded cloud's address."""
    endpoint = request.simulated or request.settings.endpoints.url("example")
    inputs = {"token": request.secret, "endpoint": endpoint}
    return pulumi.ProviderResource("example", "example", inputs, request.opts)
