"""DNS zones of Google Cloud."""

import pulumi

from fediversity.fleet.dns_records import RecordSet
from fediversity.fleet.providers.google.names import zone_name
from fediversity.program.dns_records import (
    Content,
    ZoneArgs,
    ZoneComponent,
    absolute_name,
    declare_records,
    quoted,
    resource_name,
)
from fediversity.program.google import resources as gcp
from fediversity.program.imports import adoptable


class CloudDnsZone(ZoneComponent):
    """A zone of Cloud DNS with its records. `name_servers` are those that the parent zone has to name."""

    def __init__(self, args: ZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("fediversity:dns:CloudDnsZone", args.domain, None, opts)
        managed = gcp.ManagedZone(
            f"{args.domain}-zone",
            name=zone_name(args.domain),
            dns_name=f"{args.domain}.",
            description=args.zone.description or f"Zone {args.domain}",
            labels=args.labels,
            opts=adoptable(self, args.zone.import_, protect=args.protect),
        )

        def make(
            record: RecordSet, content: Content, name: pulumi.Input[str], options: pulumi.ResourceOptions
        ) -> pulumi.Resource:
            # Google exchanges one type for another at once. Only a CNAME must wait until the name has no others.
            turns = pulumi.ResourceOptions(parent=self, replace_on_changes=["type"] if record.rule.stands_alone else [])
            return gcp.RecordSet(
                resource_name(args.domain, record.name, record.type),
                managed_zone=managed.name,
                name=pulumi.Output.from_input(name).apply(lambda relative: absolute_name(relative, args.domain)),
                type=record.type,
                ttl=record.ttl or args.zone.ttl,
                rrdatas=content,
                opts=pulumi.ResourceOptions.merge(turns, options),
            )

        declare_records(args, quoted, make)
        self.name_servers = managed.name_servers.apply(list)
        self.register_outputs({"nameServers": self.name_servers})
