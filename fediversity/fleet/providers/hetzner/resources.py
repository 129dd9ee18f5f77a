"""The resource types of Pulumi's hcloud package. Source: the schema of pulumi-hcloud 1.43.3."""

from collections.abc import Iterator

from fediversity.fleet.providers.billing import State
from fediversity.fleet.providers.hetzner import billing
from fediversity.fleet.providers.hetzner.catalogue import DISK_GB
from fediversity.fleet.providers.resource_type import (
    AllowedTraffic,
    CloudResources,
    Inputs,
    ResourceType,
    is_less,
    seen_list,
)

_KEPT = {"deleteProtection": True}


def _traffic(inputs: Inputs) -> Iterator[AllowedTraffic]:
    for rule in seen_list(inputs.get("rules")):
        if rule.get("direction") == "in":
            sources = tuple(seen_list(rule.get("sourceIps")))
            yield AllowedTraffic(rule.get("protocol", "all"), rule.get("port"), sources)


def _login_key(inputs: Inputs) -> Iterator[str]:
    if isinstance(key := inputs.get("publicKey"), str):
        yield key


def _volume_changes(machine: str | None, old: State, new: State) -> Iterator[str]:
    """Yields what Hetzner refuses: a volume never shrinks (API reference: `volumes/{id}/actions/resize`)."""
    del machine
    wanted = new.get("inputs") or {}
    has, wants = (old.get("inputs") or {}).get("size"), wanted.get("size")
    if is_less(wants, has):
        yield (
            f"the volume {wanted.get('name')} ({old.get('id')}) has {has:g} GB and cannot shrink to {wants:g}\n"
            f"    fix: leave size_gb at {has:g}, or make a smaller volume of another name and move the data"
        )


def _server_changes(machine: str | None, old: State, new: State) -> Iterator[str]:
    """Yields what Hetzner refuses: a disk never shrinks (API reference: `servers/{id}/actions/change_type`)."""
    has, kind = (old.get("outputs") or {}).get("primaryDiskSize"), (new.get("inputs") or {}).get("serverType")
    if is_less(fits := DISK_GB.get(str(kind)), has):
        yield (
            f"the server of {machine} ({old.get('id')}) has a disk of {has:g} GB, which never fits "
            f"{kind} ({fits} GB)\n    fix: use a type whose disk has {has:g} GB or more; a server with a "
            "smaller disk has to be another one"
        )


RESOURCES = CloudResources(
    package="hcloud",
    # Not `zone`: at Hetzner that is one of DNS.
    places={"location": "location", "datacenter": "location", "homeLocation": "location"},
    sizes={"serverType": "server_type"},
    types=(
        ResourceType(
            "hcloud:index/server:Server",
            word="server",
            role="server",
            kept_by={"deleteProtection": True, "rebuildProtection": True},
            labelled=True,
            size="serverType",
            firewalls="firewallIds",
            billed=billing.server,
            refused_changes=_server_changes,
        ),
        ResourceType(
            "hcloud:index/primaryIp:PrimaryIp",
            word="address",
            role="address",
            kept_by=_KEPT,
            labelled=True,
            billed=billing.address,
        ),
        ResourceType(
            "hcloud:index/volume:Volume",
            word="volume",
            kept_by=_KEPT,
            labelled=True,
            billed=billing.volume,
            refused_changes=_volume_changes,
        ),
        ResourceType("hcloud:index/network:Network", word="network", kept_by=_KEPT, labelled=True),
        ResourceType("hcloud:index/zone:Zone", word="DNS zone", kept_by=_KEPT, labelled=True, billed=billing.zone),
        ResourceType("hcloud:index/floatingIp:FloatingIp", kept_by=_KEPT, labelled=True),
        ResourceType("hcloud:index/firewall:Firewall", labelled=True, traffic=_traffic),
        ResourceType("hcloud:index/sshKey:SshKey", labelled=True, login_keys=_login_key),
        ResourceType("hcloud:index/loadBalancer:LoadBalancer", labelled=True, size="loadBalancerType"),
        ResourceType("hcloud:index/placementGroup:PlacementGroup", labelled=True),
        ResourceType("hcloud:index/snapshot:Snapshot", labelled=True),
        ResourceType("hcloud:index/zoneRrset:ZoneRrset", labelled=True),
    ),
)
