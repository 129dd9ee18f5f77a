"""Machines of Google Cloud."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pulumi

from fediversity.fleet.providers.google.model import GcpProvider
from fediversity.fleet.providers.google.names import address_name, closed_name, firewall_name
from fediversity.fleet.providers.network_fields import FirewallRule
from fediversity.program.google import resources as gcp
from fediversity.program.google.instance import (
    boot_disk,
    declare_account,
    declare_disks,
    declare_image,
    guest_accelerators,
    metadata,
    scheduling,
)
from fediversity.program.machines import MachineArgs, MachineComponent, open_ports

if TYPE_CHECKING:
    from pulumi_gcp.compute import FirewallAllowArgsDict

NETWORK = "default"
CLOSED_PRIORITY = 65000
"""Behind every rule of ours, before those that Google gives the default network: they let in RDP from everywhere."""


class GcpMachine(MachineComponent):
    """An instance with firewalls, a static address and disks of its own, which outlive the instance.

    Root logs in with the keys of the metadata, without OS Login: the installer needs root, and NixOS has no OS Login.
    """

    def __init__(self, args: MachineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("fediversity:machines:GcpMachine", args.name, None, opts)
        provider = GcpProvider.of(args.machine.provider)
        self._declare_firewalls(args, provider)
        address = gcp.Address(
            f"{args.name}-address",
            name=address_name(args.name, provider.region),
            region=provider.region,
            labels=args.labels,
            opts=args.options(self, "address", protect=True, fixed_name="name", delete_before_replace=False),
        )
        disks = declare_disks(self, args, provider)
        account = declare_account(self, args, provider)
        image = declare_image(self, args, provider)
        instance = gcp.Instance(
            f"{args.name}-server",
            name=args.name,
            machine_type=args.size,
            zone=provider.zone,
            boot_disk=boot_disk(provider, image),
            # Not resources of their own: those would not notice that the instance they are attached to is another one.
            attached_disks=[{"source": disk.self_link, "device_name": name} for name, disk in disks.items()] or None,
            network_interfaces=[{"network": NETWORK, "access_configs": [{"nat_ip": address.address}]}],
            guest_accelerators=guest_accelerators(provider),
            scheduling=scheduling(provider, args.size),
            # What its account may do is said by roles; scopes are the older way, and narrow nothing here.
            service_account={"email": account.email, "scopes": ["cloud-platform"]} if account else None,
            metadata=metadata(args, provider),
            # NixOS' boot loader is not signed.
            shielded_instance_config={"enable_secure_boot": False},
            allow_stopping_for_update=True,
            deletion_protection=args.protect,
            labels=args.labels,
            tags=[args.name],
            opts=args.options(
                self,
                "server",
                protect=True,
                fixed_name="name",
                ignore_changes=["bootDisk.initializeParams.image", "metadata"],
                # Names are unique in a project, so the old instance has to go first.
                delete_before_replace=True,
            ),
        )
        # The id of the resource is made of names, so a new instance would have the old one's; this number is its own.
        server_id = instance.instance_id
        self._finish(pulumi.Output.all(address.address, server_id).apply(lambda known: str(known[0])), server_id)

    def _declare_firewalls(self, args: MachineArgs, provider: GcpProvider) -> None:
        """Declares what is let in to the instance, by its tag, and that nothing else is."""
        for name, called, description, allows, sources in _openings(args, provider):
            gcp.Firewall(
                name,
                name=called,
                network=NETWORK,
                direction="INGRESS",
                description=description,
                allows=allows,
                source_ranges=sources,
                target_tags=[args.name],
                opts=args.options(self, "firewall" if name == f"{args.name}-firewall" else "", fixed_name="name"),
            )
        gcp.Firewall(
            f"{args.name}-firewall-closed",
            name=closed_name(args.name),
            network=NETWORK,
            direction="INGRESS",
            description="Nothing else gets in.",
            denies=[{"protocol": "all"}],
            priority=CLOSED_PRIORITY,
            source_ranges=["0.0.0.0/0"],
            target_tags=[args.name],
            opts=args.options(self, fixed_name="name"),
        )


_Opening = tuple[str, str, str | None, "list[FirewallAllowArgsDict]", list[str]]
"""A firewall: its name in the program and in the cloud, description, what it lets in, and from where."""


def _openings(args: MachineArgs, provider: GcpProvider) -> Iterator[_Opening]:
    always = [*(_allow(rule) for rule in open_ports(args.machine, ())), _PING]
    yield f"{args.name}-firewall", firewall_name(args.name), None, always, ["0.0.0.0/0"]
    for index, rule in enumerate(provider.firewall):
        name, called = f"{args.name}-firewall-{index}", firewall_name(args.name, index)
        yield name, called, rule.description, [_allow(rule)], _sources(rule)


_PING: "FirewallAllowArgsDict" = {"protocol": "icmp"}


def _allow(rule: FirewallRule) -> "FirewallAllowArgsDict":
    return {"protocol": rule.protocol, "ports": [rule.port]}


def _sources(rule: FirewallRule) -> list[str]:
    """Returns the IPv4 networks of a rule: the network has no IPv6, and loading refuses a rule that counts on it."""
    sources = [source for source in rule.sources if ":" not in source]
    if not sources:
        # To Google, no source means everybody.
        raise ValueError(f"the firewall rule for port {rule.port} lists no IPv4 network")
    return sources
