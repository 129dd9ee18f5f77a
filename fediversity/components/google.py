"""Machines of Google Cloud. pulumi_gcp is slow to load, so only what needs Google imports this room's google*.py."""

from typing import TYPE_CHECKING

import pulumi

from fediversity.components import google_resources as gcp
from fediversity.components.machines import MachineArgs, MachineComponent, open_ports
from fediversity.fleet.google import address_name, firewall_name
from fediversity.fleet.providers import FirewallRule, GcpProvider

if TYPE_CHECKING:
    from pulumi_gcp.compute import FirewallAllowArgsDict

NETWORK = "default"

_ROOT_LOGIN = """\
#!/bin/sh
# The installer logs in as root with the keys of this instance's metadata; Google's images forbid that.
set -eu
sed -i 's/^#*PermitRootLogin.*/PermitRootLogin prohibit-password/' /etc/ssh/sshd_config
systemctl reload ssh
"""


class GcpMachine(MachineComponent):
    """An instance with a firewall and a static address of its own, which outlives the instance.

    Root logs in with the keys of the metadata, without OS Login: the installer needs root, and NixOS has no OS Login.
    """

    def __init__(self, args: MachineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("fediversity:machines:GcpMachine", args.name, None, opts)
        provider = args.machine.provider
        if not isinstance(provider, GcpProvider):
            raise TypeError(f"{args.name} is a machine of kind {provider.kind}")
        gcp.Firewall(
            f"{args.name}-firewall",
            name=firewall_name(args.name),
            network=NETWORK,
            direction="INGRESS",
            allows=[
                *(_allow(rule) for rule in open_ports(args.machine, ())),
                {"protocol": "icmp"},
            ],
            source_ranges=["0.0.0.0/0"],
            target_tags=[args.name],
            opts=args.options(self, "firewall", fixed_name="name"),
        )
        for index, rule in enumerate(provider.firewall):
            gcp.Firewall(
                f"{args.name}-firewall-{index}",
                name=firewall_name(args.name, index),
                network=NETWORK,
                direction="INGRESS",
                description=rule.description,
                allows=[_allow(rule)],
                source_ranges=_sources(rule),
                target_tags=[args.name],
                opts=args.options(self, fixed_name="name"),
            )
        address = gcp.Address(
            f"{args.name}-address",
            name=address_name(args.name, provider.region),
            region=provider.region,
            labels=args.labels,
            opts=args.options(self, "address", protect=True, fixed_name="name", delete_before_replace=False),
        )
        instance = gcp.Instance(
            f"{args.name}-server",
            name=args.name,
            machine_type=args.size,
            zone=provider.zone,
            boot_disk={"initialize_params": {"image": provider.image, "size": provider.disk_gb}},
            network_interfaces=[{"network": NETWORK, "access_configs": [{"nat_ip": address.address}]}],
            metadata={
                "enable-oslogin": "FALSE",
                "serial-port-enable": "TRUE",
                "ssh-keys": pulumi.Output.all(*(key.public_key for key in args.keys)).apply(_root_keys),
                "startup-script": _ROOT_LOGIN,
            },
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


def _allow(rule: FirewallRule) -> "FirewallAllowArgsDict":
    return {"protocol": rule.protocol, "ports": [rule.port]}


def _sources(rule: FirewallRule) -> list[str]:
    """The IPv4 networks of a rule: the network has no IPv6, and loading refuses a rule that counts on it."""
    sources = [source for source in rule.sources if ":" not in source]
    if not sources:
        # To Google, no source means everybody.
        raise ValueError(f"the firewall rule for port {rule.port} lists no IPv4 network")
    return sources


def _root_keys(keys: list[str]) -> str:
    return "\n".join(f"root:{key}" for key in keys)
