"""DNS zones of Hetzner."""

import pulumi
import pulumi_hcloud as hcloud

from fediversity.components.records import rrdatas
from fediversity.fleet.dns import Zone


class HetznerZone(pulumi.ComponentResource):
    """A zone of Hetzner DNS with its records."""

    def __init__(
        self,
        domain: str,
        zone: Zone,
        addresses: dict[str, pulumi.Output[str]],
        labels: dict[str, str],
        protect: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("fediversity:dns:HetznerZone", domain, None, opts)
        created = hcloud.Zone(
            f"{domain}-zone",
            name=domain,
            mode="primary",
            ttl=zone.ttl,
            delete_protection=protect,
            labels=labels,
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        for record in zone.records:
            if (content := rrdatas(record, addresses)) is None:
                continue
            hcloud.ZoneRrset(
                f"{domain}-{record.name}-{record.type}",
                zone=created.name,
                name=record.name,
                type=record.type,
                ttl=record.ttl,
                records=[{"value": value} for value in content],
                labels=labels,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.zone_id = created.id
        self.register_outputs({"zoneId": created.id})
