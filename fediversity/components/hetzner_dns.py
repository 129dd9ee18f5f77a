"""DNS zones of Hetzner."""

import pulumi
import pulumi_hcloud as hcloud

from fediversity.components.adopted import adoptable
from fediversity.components.records import ZoneArgs, rrdatas


class HetznerZone(pulumi.ComponentResource):
    """A zone of Hetzner DNS with its records."""

    def __init__(self, args: ZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("fediversity:dns:HetznerZone", args.domain, None, opts)
        created = hcloud.Zone(
            f"{args.domain}-zone",
            name=args.domain,
            mode="primary",
            ttl=args.zone.ttl,
            delete_protection=args.protect,
            labels=args.labels,
            opts=adoptable(self, args.zone.import_, protect=args.protect),
        )
        for record in args.zone.records:
            if (content := rrdatas(record, args.addresses)) is None:
                continue
            hcloud.ZoneRrset(
                f"{args.domain}-{record.name}-{record.type}",
                zone=created.name,
                name=record.name,
                type=record.type,
                ttl=record.ttl,
                records=[{"value": value} for value in content],
                labels=args.labels,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.zone_id = created.id
        self.register_outputs({"zoneId": created.id})
