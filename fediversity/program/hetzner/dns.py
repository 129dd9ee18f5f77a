"""DNS zones of Hetzner."""

import pulumi
import pulumi_hcloud as hcloud

from fediversity.fleet.dns_records import RecordSet
from fediversity.program.dns_records import (
    Content,
    ZoneArgs,
    ZoneComponent,
    declare_records,
    quoted_utf8,
    resource_name,
)
from fediversity.program.imports import adoptable


class HetznerZone(ZoneComponent):
    """A zone of Hetzner DNS with its records. `name_servers` are those that the parent zone has to name."""

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

        def make(
            record: RecordSet, content: Content, name: pulumi.Input[str], options: pulumi.ResourceOptions
        ) -> pulumi.Resource:
            return hcloud.ZoneRrset(
                resource_name(args.domain, record.name, record.type),
                zone=created.name,
                name=name,
                type=record.type,
                ttl=record.ttl,
                records=pulumi.Output.from_input(content).apply(lambda values: [{"value": value} for value in values]),
                labels=args.labels,
                opts=pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self), options),
            )

        # Hetzner takes UTF-8 within the quotes, as its own tools write it.
        declare_records(args, quoted_utf8, make)
        self.zone_id = created.id
        self.name_servers = created.authoritative_nameservers.apply(lambda servers: list(servers.assigneds or ()))
        self.register_outputs({"zoneId": created.id, "nameServers": self.name_servers})
