"""Machines of Hetzner Cloud."""

import ipaddress
from collections.abc import Callable
from typing import Literal

import pulumi
import pulumi_hcloud as hcloud

from fediversity.fleet.providers.hetzner.model import HetznerProvider, Volume
from fediversity.fleet.providers.hetzner.names import volume_name
from fediversity.fleet.providers.network_fields import EVERYBODY, FirewallRule
from fediversity.program.hetzner.shared import HetznerShared
from fediversity.program.machines import MachineArgs, MachineComponent, open_ports


class HetznerMachine(MachineComponent):
    """A server with a firewall, and with addresses and volumes of its own, which outlive the server.

    Editing the image or the SSH keys later changes nothing: at Hetzner either would replace the server. What the server
    refers to of its fleet is in `shared`.
    """

    def __init__(self, args: MachineArgs, shared: HetznerShared, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("fediversity:machines:HetznerMachine", args.name, None, opts)
        provider = HetznerProvider.of(args.machine.provider)
        self._args, self._wanted = args, provider
        firewall = hcloud.Firewall(
            f"{args.name}-firewall",
            name=args.name,
            rules=[_rule(rule) for rule in open_ports(args.machine, provider.firewall)] + [_ping()],
            labels=args.labels,
            opts=args.options(self, "firewall"),
        )
        ipv4 = self._address("ipv4")
        ipv6 = self._address("ipv6") if provider.ipv6 else None
        group = shared.group_ids[provider.placement_group].apply(int) if provider.placement_group else None
        server = hcloud.Server(
            f"{args.name}-server",
            name=args.name,
            server_type=args.size,
            location=provider.location,
            image=provider.image,
            ssh_keys=list(shared.key_ids),
            firewall_ids=[firewall.id.apply(int)],
            public_nets=[_public_net(ipv4, ipv6)],
            placement_group_id=group,
            backups=provider.backups,
            delete_protection=args.protect,
            rebuild_protection=args.protect,
            # A disk that has grown keeps the server from ever having a smaller type again.
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
        if provider.network is not None:
            self._join(server, shared.subnet_ids[provider.network.name], provider.network.address)
        for name, volume in provider.volumes.items():
            self._attach(server, name, volume)
        if provider.rdns is not None:
            self._lead_back(provider.rdns, "rdns", ipv4, str)
            if ipv6 is not None:
                self._lead_back(provider.rdns, "rdns-ipv6", ipv6, host_of)
        self._finish(
            _once_there(server, ipv4.ip_address),
            server.id,
            None if ipv6 is None else _once_there(server, ipv6.ip_address.apply(host_of)),
        )

    def _address(self, family: Literal["ipv4", "ipv6"]) -> hcloud.PrimaryIp:
        suffix = "" if family == "ipv4" else f"-{family}"
        return hcloud.PrimaryIp(
            f"{self._args.name}-address{suffix}",
            # Another location needs another address; with the location in its name both can exist for a moment.
            name=f"{self._args.name}-{self._wanted.location}{suffix}",
            type=family,
            location=self._wanted.location,
            auto_delete=False,
            delete_protection=self._args.protect,
            labels=self._args.labels,
            opts=self._args.options(
                self, "address" if family == "ipv4" else "address_ipv6", protect=True, delete_before_replace=False
            ),
        )

    def _join(self, server: hcloud.Server, subnet_id: pulumi.Output[str], address: str | None) -> None:
        """Puts the server into a network, by a resource of its own: neither an edit of it nor the address that the
        cloud chooses is ever a change of the server."""
        hcloud.ServerNetwork(
            f"{self._args.name}-network",
            server_id=server.id.apply(int),
            subnet_id=subnet_id,
            ip=address,
            # A server is in a network once. The provider would take the old place for the new one, then delete it.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _attach(self, server: hcloud.Server, name: str, volume: Volume) -> None:
        created = hcloud.Volume(
            f"{self._args.name}-volume-{name}",
            name=volume_name(self._args.name, name),
            size=volume.size_gb,
            location=self._wanted.location,
            format=volume.format,
            delete_protection=self._args.protect,
            labels=self._args.labels,
            opts=self._args.options(
                self,
                protect=True,
                # Hetzner makes a file system once; a later format would be written down and not done.
                ignore_changes=["format"],
                delete_before_replace=True,
            ),
        )
        hcloud.VolumeAttachment(
            f"{self._args.name}-attachment-{name}",
            server_id=server.id.apply(int),
            volume_id=created.id.apply(int),
            # A volume is on one server at a time.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _lead_back(self, domain: str, part: str, address: hcloud.PrimaryIp, host: Callable[[str], str]) -> None:
        hcloud.Rdns(
            f"{self._args.name}-{part}",
            primary_ip_id=address.id.apply(int),
            ip_address=address.ip_address.apply(host),
            dns_ptr=domain,
            opts=pulumi.ResourceOptions(parent=self),
        )


def host_of(network: str) -> str:
    """Returns the address that a server has in an IPv6 network, given its first: `2001:db8::` → `2001:db8::1`."""
    return str(ipaddress.IPv6Address(network) + 1)


def _public_net(ipv4: hcloud.PrimaryIp, ipv6: hcloud.PrimaryIp | None) -> hcloud.ServerPublicNetArgsDict:
    net: hcloud.ServerPublicNetArgsDict = {
        "ipv4": ipv4.id.apply(int),
        "ipv4_enabled": True,
        "ipv6_enabled": ipv6 is not None,
    }
    if ipv6 is not None:
        net["ipv6"] = ipv6.id.apply(int)
    return net


def _once_there(server: hcloud.Server, address: pulumi.Output[str]) -> pulumi.Output[str]:
    """Returns the address once the server exists: it is known before, but reaches nothing until then."""
    return pulumi.Output.all(address, server.id).apply(lambda known: str(known[0]))


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
