"""What no single field can know: whether the parts of a fleet fit together.

Each check is a generator of findings over a fleet that is valid field by field. `CHECKS` lists them all.
"""

from collections.abc import Callable, Iterator

from fediversity.fleet.checks import (
    access,
    applications,
    dns,
    health,
    lifecycle,
    machines,
    order,
    policy,
    services,
    zones,
)
from fediversity.fleet.diagnostics import Finding
from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.google import checks as google
from fediversity.fleet.providers.hetzner import checks as hetzner

FleetCheck = Callable[[Fleet], Iterator[Finding]]

CHECKS: tuple[FleetCheck, ...] = (
    machines.at_least_one,
    machines.kinds,
    machines.sizes,
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
    *hetzner.CHECKS,
    *google.CHECKS,
    dns.names,
    dns.taken_by_provider,
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
