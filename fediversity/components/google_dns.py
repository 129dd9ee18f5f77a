"""DNS zones of Google Cloud."""

import pulumi

from fediversity.components import google_resources as gcp
from fediversity.components.records import ZoneArgs, absolute_name, rrdatas
from fediversity.fleet.google import zone_name


class CloudDnsZone(pulumi.ComponentResource):
    """A zone of Cloud DNS with its records."""

    def __init__(self, args: ZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("fediversity:dns:CloudDnsZone", args.domain, None, opts)
        managed = gcp.ManagedZone(
            f"{args.domain}-zone",
            name=zone_name(args.domain),
            dns_name=f"{args.domain}.",
            description=args.zone.description or f"Zone {args.domain}",
            labels=args.labels,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        for record in args.zone.records:
            if (content := rrdatas(record, args.addresses)) is None:
                continue
            gcp.RecordSet(
                f"{args.domain}-{record.name}-{record.type}",
                managed_zone=managed.name,
                name=absolute_name(record.name, args.domain),
                type=record.type,
                ttl=record.ttl or args.zone.ttl,
                rrdatas=content,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.name_servers = managed.name_servers
        self.register_outputs({"nameServers": managed.name_servers})
