"""What machines of Hetzner Cloud share: the keys that log in, private networks, placement groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_hcloud as hcloud

from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.hetzner.model import HetznerProvider, Network
from fediversity.program.ssh_keys import OperatorKey


@dataclass(frozen=True)
class HetznerShared:
    """What a server refers to: the ids of all SSH keys, and by name those of networks' subnets and placement groups."""

    key_ids: Sequence[pulumi.Output[str]] = ()
    subnet_ids: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)
    group_ids: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)


def declare_shared(
    fleet: Fleet,
    keys: Sequence[OperatorKey],
    labels: dict[str, str],
    protect: bool,
    opts: pulumi.ResourceOptions,
) -> HetznerShared:
    """Declares what the fleet's servers at Hetzner share.

    Keys and groups are there as soon as a server is; networks as long as the fleet file has them, because they cost
    nothing and what is in them may be switched off for a while.
    """
    servers = [provider for name, provider in HetznerProvider.machines_of(fleet) if name in fleet.enabled_machines]
    groups = sorted({found.placement_group for found in servers if found.placement_group})
    return HetznerShared(
        key_ids=HetznerAccess("access", keys, labels, opts).key_ids if servers else (),
        subnet_ids={
            name: HetznerNetwork(name, network, labels, protect, opts).subnet_id
            for name, network in fleet.networks.items()
        },
        group_ids={name: HetznerPlacementGroup(name, labels, opts).group_id for name in groups},
    )


class HetznerAccess(pulumi.ComponentResource):
    """The SSH keys of a fleet in a Hetzner project, where each key may stand only once.

    `key_ids` are their ids, in the order of the keys.
    """

    key_ids: list[pulumi.Output[str]]

    def __init__(
        self,
        name: str,
        keys: Sequence[OperatorKey],
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
                # Never deleted first: Pulumi then asks what else has to go, and may name the servers.
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False),
            ).id
            for key in keys
        ]
        self.register_outputs({"keyIds": self.key_ids})


class HetznerNetwork(pulumi.ComponentResource):
    """A private network with one subnet, whose id is `subnet_id`."""

    subnet_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        network: Network,
        labels: dict[str, str],
        protect: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("fediversity:networks:HetznerNetwork", name, None, opts)
        created = hcloud.Network(
            f"{name}-network",
            name=name,
            ip_range=network.range,
            delete_protection=protect,
            labels=labels,
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        subnet = hcloud.NetworkSubnet(
            f"{name}-subnet",
            network_id=created.id.apply(int),
            type="cloud",
            network_zone=network.zone,
            ip_range=network.subnet,
            # Subnets of a network do not overlap, so the old one has to go first.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.subnet_id = subnet.id
        self.register_outputs({"networkId": created.id, "subnetId": subnet.id})


class HetznerPlacementGroup(pulumi.ComponentResource):
    """Servers that never share a physical host. A server enters when it is made: a running one cannot."""

    group_id: pulumi.Output[str]

    def __init__(self, name: str, labels: dict[str, str], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("fediversity:machines:HetznerPlacementGroup", name, None, opts)
        group = hcloud.PlacementGroup(
            f"{name}-group", name=name, type="spread", labels=labels, opts=pulumi.ResourceOptions(parent=self)
        )
        self.group_id = group.id
        self.register_outputs({"groupId": group.id})
