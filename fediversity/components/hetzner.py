"""Machines of Hetzner Cloud."""

from collections.abc import Sequence

import pulumi
import pulumi_hcloud as hcloud

from fediversity.components.access import AccessKey
from fediversity.components.machines import MachineArgs, MachineComponent, open_ports
from fediversity.fleet.providers import EVERYBODY, FirewallRule, HetznerProvider


class HetznerAccess(pulumi.ComponentResource):
    """The SSH keys of a fleet in a Hetzner project, where each key may stand only once.

    `key_ids` are their ids, in the order of the keys.
    """

    key_ids: list[pulumi.Output[str]]

    def __init__(
        self,
        name: str,
        keys: Sequence[AccessKey],
        labels: dict[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("fediversity:machines:HetznerAccess", name, None, opts)
        self.key_ids = [
            hcloud.SshKey(
                f"{key.name}-key",
                name=key.name,
                public_key=key.public_key,
                labels=labels,
                # Never deleted first: an engine that then asks what else has to go may name the servers.
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False),
            ).id
            for key in keys
        ]
        self.register_outputs({"keyIds": self.key_ids})


class HetznerMachine(MachineComponent):
    """A server with a firewall and an IPv4 address of its own, which outlives the server.

    Editing the image or the SSH keys later changes nothing: at Hetzner either would replace the server.
    """

    def __init__(
        self,
        args: MachineArgs,
        key_ids: Sequence[pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("fediversity:machines:HetznerMachine", args.name, None, opts)
        provider = args.machine.provider
        if not isinstance(provider, HetznerProvider):
            raise TypeError(f"{args.name} is a machine of kind {provider.kind}")
        firewall = hcloud.Firewall(
            f"{args.name}-firewall",
            name=args.name,
            rules=[_rule(rule) for rule in open_ports(args.machine, provider.firewall)] + [_ping()],
            labels=args.labels,
            opts=args.options(self, "firewall"),
        )
        address = hcloud.PrimaryIp(
            f"{args.name}-address",
            # Another location needs another address; with the location in its name both can exist for a moment.
            name=f"{args.name}-{provider.location}",
            type="ipv4",
            assignee_type="server",
            location=provider.location,
            auto_delete=False,
            delete_protection=args.protect,
            labels=args.labels,
            opts=args.options(self, "address", protect=True, delete_before_replace=False),
        )
        server = hcloud.Server(
            f"{args.name}-server",
            name=args.name,
            server_type=args.size,
            location=provider.location,
            image=provider.image,
            ssh_keys=list(key_ids),
            firewall_ids=[firewall.id.apply(int)],
            public_nets=[{"ipv4": address.id.apply(int), "ipv4_enabled": True, "ipv6_enabled": True}],
            delete_protection=args.protect,
            rebuild_protection=args.protect,
            keep_disk=True,
            labels=args.labels,
            opts=args.options(
                self,
                "server",
                protect=True,
                ignore_changes=["image", "userData", "sshKeys"],
                # Names are unique in a project, so the old server has to go first.
                delete_before_replace=True,
            ),
        )
        # The address is known before the server is, but it reaches nothing until the server is there.
        self._finish(pulumi.Output.all(address.ip_address, server.id).apply(lambda known: str(known[0])), server.id)


def _rule(rule: FirewallRule) -> hcloud.FirewallRuleArgsDict:
    return {
        "direction": "in",
        "protocol": rule.protocol,
        "port": rule.port,
        "source_ips": list(rule.sources),
        "description": rule.description,
    }


def _ping() -> hcloud.FirewallRuleArgsDict:
    return {"direction": "in", "protocol": "icmp", "source_ips": list(EVERYBODY), "description": "ping"}
