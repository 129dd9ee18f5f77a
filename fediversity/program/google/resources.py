"""Google's resources as the SDK declares them, without loading the SDK's modules.

Loading one class of `pulumi_gcp.compute` executes two modules of 4.7 MB each, a second of every run. The type checker
sees the SDK's own classes; a run gets classes that register the very same (a test compares the two).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi

if TYPE_CHECKING:
    from pulumi_gcp.compute import Address, Disk, Firewall, Image, Instance
    from pulumi_gcp.dns import ManagedZone, RecordSet
    from pulumi_gcp.kms import CryptoKey, CryptoKeyIAMMember, KeyRing
    from pulumi_gcp.projects import IAMMember
    from pulumi_gcp.serviceaccount import Account
    from pulumi_gcp.storage import Bucket

__all__ = [
    "Account",
    "Address",
    "Bucket",
    "CryptoKey",
    "CryptoKeyIAMMember",
    "Disk",
    "Firewall",
    "IAMMember",
    "Image",
    "Instance",
    "KeyRing",
    "ManagedZone",
    "RecordSet",
    "project_service_account",
]

VERBATIM = frozenset({"labels", "metadata", "partner_metadata", "resource_manager_tags"})
"""Properties whose keys are a person's own and not names of the API."""

_HIDDEN = ("effectiveLabels", "pulumiLabels")
"""Outputs that the SDK has encrypted wherever there are labels, because a provider may add secret ones."""


def engine_name(name: str) -> str:
    """Returns Pulumi's name of a property: `boot_disk` is `bootDisk`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def engine_value(value: Any) -> Any:
    """Returns a value with Pulumi's names at any depth."""
    if isinstance(value, Mapping):
        return {
            engine_name(name): inner if name in VERBATIM else engine_value(inner)
            for name, inner in value.items()
            if inner is not None
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [engine_value(inner) for inner in value]
    return value


class _Resource(pulumi.CustomResource):
    """A resource of Google's. `token` is its type; `tells` are the outputs that the program reads."""

    token: str
    tells: tuple[str, ...]
    labelled: bool
    formerly: tuple[str, ...]

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **inputs: Any) -> None:
        always = pulumi.ResourceOptions(
            version=_version(),
            additional_secret_outputs=list(_HIDDEN) if self.labelled else None,
            aliases=[pulumi.Alias(type_=f"gcp:{former}") for former in self.formerly],
        )
        given = engine_value(inputs)
        told = {engine_name(name): None for name in self.tells}
        super().__init__(f"gcp:{self.token}", resource_name, told | given, pulumi.ResourceOptions.merge(always, opts))
        for name in (*inputs, *self.tells):
            if "_" in name and (output := self.__dict__.get(engine_name(name))) is not None:
                self.__dict__[name] = output


def _version() -> str:
    """Returns the SDK's version, which is that of the plug-in it was made for."""
    from pulumi_gcp import _utilities  # noqa: PLC0415 (only where a resource of Google's is declared)

    return str(_utilities.get_version())  # type: ignore[no-untyped-call]


def _declared(token: str, *tells: str, labelled: bool = False, formerly: tuple[str, ...] = ()) -> type:
    facts = {"token": token, "tells": tells, "labelled": labelled, "formerly": formerly}
    return type(token.rpartition(":")[2], (_Resource,), facts)


def project_service_account(parent: pulumi.Resource) -> pulumi.Output[str]:
    """Returns Cloud Storage's own account in the project, as a member of policies. Asking for it makes it."""
    function = "gcp:storage/getProjectServiceAccount:getProjectServiceAccount"
    told = pulumi.runtime.invoke_output(function, {}, pulumi.InvokeOutputOptions(parent=parent))
    return told.apply(lambda account: str(account["member"]))


if not TYPE_CHECKING:
    Address = _declared("compute/address:Address", "address", labelled=True)
    Disk = _declared("compute/disk:Disk", "self_link", labelled=True)
    Firewall = _declared("compute/firewall:Firewall")
    Image = _declared("compute/image:Image", "self_link", labelled=True)
    Instance = _declared("compute/instance:Instance", "instance_id", labelled=True)
    ManagedZone = _declared("dns/managedZone:ManagedZone", "name_servers", labelled=True)
    RecordSet = _declared("dns/recordSet:RecordSet")
    KeyRing = _declared("kms/keyRing:KeyRing")
    CryptoKey = _declared("kms/cryptoKey:CryptoKey", labelled=True)
    CryptoKeyIAMMember = _declared("kms/cryptoKeyIAMMember:CryptoKeyIAMMember")
    IAMMember = _declared("projects/iAMMember:IAMMember")
    Account = _declared(
        "serviceaccount/account:Account", "email", "member", "project", formerly=("serviceAccount/account:Account",)
    )
    Bucket = _declared("storage/bucket:Bucket", "url", labelled=True)
