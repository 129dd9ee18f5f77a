"""What no single field can know: whether the parts of a fleet fit together.

Each check is a generator of findings over a fleet that is valid field by field. `CHECKS` lists them all.
"""

from collections.abc import Callable, Iterator

from fediversity.fleet.checks import access, google, machines, order, outside, safety, services
from fediversity.fleet.model import Fleet
from fediversity.fleet.problems import Finding

Check = Callable[[Fleet], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    machines.at_least_one,
    machines.kinds,
    machines.sizes,
    machines.places,
    machines.disks,
    machines.tags,
    machines.meshes,
    machines.mesh_checks,
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
    outside.dns_records,
    outside.deployments,
    safety.retired,
    safety.former_names,
    safety.words_of_servers,
    safety.adopted,
    safety.install_types,
    safety.prepared_images,
)
