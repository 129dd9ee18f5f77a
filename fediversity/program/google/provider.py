"""The provider of Google Cloud."""

from collections.abc import Mapping
from typing import Any

import pulumi

from fediversity.program.cloud import ProviderRequest

ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": {"member": "serviceAccount:unseen"},
}


def declare_provider(request: ProviderRequest) -> pulumi.ProviderResource:
    """Declares the provider: the official one in the fleet's project, or the embedded cloud's.

    Raises ValueError for a fleet without a project, which loading refuses.
    """
    import pulumi_gcp as gcp  # noqa: PLC0415 (slow to load, and only some fleets need it)

    if request.simulated is not None:
        return gcp.Provider(
            "gcp",
            project="simulated",
            compute_custom_endpoint=request.simulated,
            dns_custom_endpoint=request.simulated,
            storage_custom_endpoint=request.simulated,
            iam_custom_endpoint=request.simulated,
            kms_custom_endpoint=request.simulated,
            cloud_resource_manager_custom_endpoint=request.simulated,
            opts=request.opts,
        )
    if request.fleet.gcp is None:
        raise ValueError("a fleet without a Google project asked for Google Cloud")
    endpoints = request.settings.endpoints
    return gcp.Provider(
        "gcp",
        project=request.fleet.gcp.project,
        credentials=request.secret,
        compute_custom_endpoint=endpoints.url("gcp", "compute"),
        dns_custom_endpoint=endpoints.url("gcp", "dns"),
        iam_custom_endpoint=endpoints.url("gcp", "iam"),
        kms_custom_endpoint=endpoints.url("gcp", "kms"),
        cloud_resource_manager_custom_endpoint=endpoints.url("gcp", "resource_manager"),
        storage_custom_endpoint=endpoints.url("gcp", "storage"),
        opts=request.opts,
    )
