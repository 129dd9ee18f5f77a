"""What no single field can know: whether the parts of a fleet fit together.

Each check is a generator of findings over a fleet that is valid field by field. `CHECKS` lists them all.
"""

from collections.abc import Callable, Iterator

from fediversity.fleet.checks import (
    access,
    applications,
    dns,
    google,
    google_machines,
    google_storage,
    health,
    hetzner,
    lifecycle,
    machines,
    order,
    policy,
    services,
    zones,
)
from fediversity.fleet.diagnostics import Finding
from fediversity.fleet.model import Fleet

FleetCheck = Callable[[Fleet], Iterator[Finding]]

CHECKS: tuple[FleetCheck, ...] = (
    machines.at_least_one,
    machines.kinds,
    machines.sizes,
    machines.places,
    machines.disks,
    machines.tags,
    machines.meshes,
    health.mesh_checks,
    health.peer_checks,
    machines.hosts_are_different,
    order.after_names,
    order.no_cycle,
    order.no_deployment_after_the_last,
    order.deploying_machine,
    services.roles,
    services.settings,
    access.operator_keys,
    access.host_keys,
    google.project,
    google.machine_names,
    google.zone_names,
    google.sources,
    google_machines.accelerators,
    google_machines.fallback_zones,
    google_machines.disk_names,
    google_machines.roles,
    google_storage.bucket_keys,
    hetzner.networks,
    hetzner.places,
    hetzner.volumes,
    hetzner.groups,
    hetzner.reverse_names,
    hetzner.rules,
    hetzner.install_types,
    dns.names,
    dns.machines,
    dns.once,
    zones.delegations,
    zones.targets,
    zones.wildcards,
    applications.deployments,
    policy.unencrypted,
    lifecycle.retired,
    lifecycle.former_names,
    lifecycle.words_of_servers,
    lifecycle.adopted,
    lifecycle.install_types,
    lifecycle.prepared_images,
)
