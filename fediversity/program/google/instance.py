"""What an instance of Google Cloud is made of: disks, image, GPUs, its own service account, metadata."""

from typing import TYPE_CHECKING

import pulumi

from fediversity.fleet.providers.google.catalogue import has_gpus
from fediversity.fleet.providers.google.model import GcpProvider
from fediversity.fleet.providers.google.names import account_id, disk_name, image_name
from fediversity.program.google import resources as gcp
from fediversity.program.machines import MachineArgs

if TYPE_CHECKING:
    from pulumi_gcp.compute import (
        InstanceBootDiskArgsDict,
        InstanceGuestAcceleratorArgsDict,
        InstanceSchedulingArgsDict,
    )

GUEST_OS_FEATURES = ("UEFI_COMPATIBLE", "GVNIC", "VIRTIO_SCSI_MULTIQUEUE")
"""What NixOS can do that Compute Engine has to be told of an image."""

_ROOT_LOGIN = """\
#!/bin/sh
# The installer logs in as root with the keys of this instance's metadata; Google's images forbid that.
set -eu
sed -i 's/^#*PermitRootLogin.*/PermitRootLogin prohibit-password/' /etc/ssh/sshd_config
systemctl reload ssh
"""


def declare_disks(parent: pulumi.Resource, args: MachineArgs, provider: GcpProvider) -> dict[str, gcp.Disk]:
    """Declares the disks beside the boot disk, by their names on the machine (`/dev/disk/by-id/google-NAME`)."""
    return {
        name: gcp.Disk(
            f"{args.name}-disk-{name}",
            name=disk_name(args.name, name),
            zone=provider.zone,
            type=disk.type,
            size=disk.size_gb,
            labels=args.labels,
            opts=args.options(parent, protect=True, fixed_name="name"),
        )
        for name, disk in provider.disks.items()
    }


def declare_account(parent: pulumi.Resource, args: MachineArgs, provider: GcpProvider) -> gcp.Account | None:
    """Declares the machine's own service account, which has its roles in the project; None without roles."""
    if not provider.roles:
        return None
    account = gcp.Account(
        f"{args.name}-account",
        account_id=account_id(args.name),
        display_name=args.name,
        description=f"The machine {args.name}.",
        opts=args.options(parent, fixed_name="accountId"),
    )
    for role in provider.roles:
        gcp.IAMMember(
            f"{args.name}-{role}",
            project=account.project,
            role=role,
            member=account.member,
            opts=pulumi.ResourceOptions(parent=parent),
        )
    return account


def declare_image(parent: pulumi.Resource, args: MachineArgs, provider: GcpProvider) -> gcp.Image | None:
    """Declares the image of a prepared NixOS out of a bucket; None for a machine that is installed."""
    if not provider.prepared:
        return None
    return gcp.Image(
        f"{args.name}-image",
        name=image_name(args.name, provider.image),
        description=provider.image,
        raw_disk={"source": provider.image.replace("gs://", "https://storage.googleapis.com/", 1)},
        guest_os_features=[{"type": feature} for feature in GUEST_OS_FEATURES],
        labels=args.labels,
        # Another path is another name, so the new image can be there before the old one goes.
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=False),
    )


def boot_disk(provider: GcpProvider, image: gcp.Image | None) -> "InstanceBootDiskArgsDict":
    """Returns the boot disk and the image it begins with."""
    source = provider.image if image is None else image.self_link
    return {"initialize_params": {"image": source, "size": provider.disk_gb, "type": provider.disk_type}}


def guest_accelerators(provider: GcpProvider) -> "list[InstanceGuestAcceleratorArgsDict] | None":
    """Returns the GPUs to attach. Types that come with GPUs name them too: a refresh would find them new."""
    if provider.accelerator is None:
        return None
    return [{"type": provider.accelerator.type, "count": provider.accelerator.count}]


def scheduling(provider: GcpProvider, machine_type: str) -> "InstanceSchedulingArgsDict | None":
    """Returns what Google does when it maintains the host: an instance with GPUs is ended and started again."""
    if provider.accelerator is None and not has_gpus(machine_type):
        return None
    return {"on_host_maintenance": "TERMINATE", "automatic_restart": True}


def metadata(args: MachineArgs, provider: GcpProvider) -> dict[str, pulumi.Input[str]]:
    """Returns the metadata: the keys that may log in at first, and that the serial console can be read."""
    given: dict[str, pulumi.Input[str]] = {
        "enable-oslogin": "FALSE",
        "serial-port-enable": "TRUE",
        "ssh-keys": pulumi.Output.all(*(key.public_key for key in args.keys)).apply(_root_keys),
    }
    # A prepared NixOS lets root in by its own configuration.
    return given if provider.prepared else given | {"startup-script": _ROOT_LOGIN}


def _root_keys(keys: list[str]) -> str:
    return "\n".join(f"root:{key}" for key in keys)
