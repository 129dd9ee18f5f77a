"""Order: whether everything that is waited for exists, and nothing waits for itself."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from fediversity.fleet.base import TAG_PREFIX
from fediversity.fleet.checks.common import repeated, unknown_machine, unknown_tag, used_tags
from fediversity.fleet.diagnostics import Finding, Location
from fediversity.fleet.graph import find_cycle
from fediversity.fleet.model import Fleet
from fediversity.fleet.order import machine_waits, mesh_controllers, resolve_after


def after_names(fleet: Fleet) -> Iterator[Finding]:
    """Checks that `after:` names machines or tags that exist, each once, and never the machine itself."""
    entries: list[tuple[Location, str, tuple[str, ...]]] = []
    entries += [(("machines", name, "after"), name, machine.after) for name, machine in fleet.machines.items()]
    entries += [(("deployments", name, "after"), "", entry.after) for name, entry in fleet.deployments.items()]
    tags = used_tags(fleet)
    for where, name, after in entries:
        yield from repeated(after, where)
        for index, entry in enumerate(after):
            here = (*where, index)
            if entry == name:
                yield Finding(here, "a machine after itself", "remove this entry")
            elif entry.startswith(TAG_PREFIX):
                if (tag := entry.removeprefix(TAG_PREFIX)) not in tags:
                    yield unknown_tag(here, tag, tags)
            elif entry not in fleet.machines:
                hint = f"; for a tag write '{TAG_PREFIX}{entry}'" if entry in tags else ""
                yield unknown_machine(here, entry, fleet.machines, hint)


def no_cycle(fleet: Fleet) -> Iterator[Finding]:
    """Checks that nothing waits for itself in a circle. Circles that share no machine are all found."""
    left = set(fleet.enabled_machines)
    # Edges that no one chose come first: where they alone make a circle, no `after:` is to blame.
    for waits in (_given_edges(fleet), machine_waits(fleet)):
        while cycle := find_cycle({name: waits[name] - {name} for name in left}):
            where, fix = _way_out(fleet, cycle)
            yield Finding(where, f"a cycle: {' waits for '.join(cycle)}", fix)
            left -= set(cycle)


def _given_edges(fleet: Fleet) -> Mapping[str, frozenset[str]]:
    """Returns the waits that `after:` does not decide: mesh members for a controller, the deploying machine for all."""
    edges = dict(mesh_controllers(fleet))
    if fleet.deploying_machine in edges:
        edges[fleet.deploying_machine] = frozenset(edges)
    return edges


def _way_out(fleet: Fleet, cycle: tuple[str, ...]) -> tuple[Location, str]:
    """Returns where a cycle can be ended, and how."""
    given, last = _given_edges(fleet), fleet.deploying_machine
    removable: list[tuple[bool, Location]] = [
        (other == last, ("machines", name, "after", index))
        for name, other in pairwise(cycle)
        for index, entry in enumerate(fleet.machines[name].after)
        if other not in given[name] and other in resolve_after(fleet, name, [entry])
    ]
    removable += [
        (other == last, ("machines", name, "checks", index, "peer"))
        for name, other in pairwise(cycle)
        for index, check in enumerate(fleet.machines[name].checks)
        if other not in given[name] and check.peer == other
    ]
    _, where = max(removable, key=lambda entry: entry[0], default=(False, ("machines", cycle[0])))
    if last in cycle:
        fix = f"nothing can wait for '{last}': the deploying machine is updated last"
        return (where, fix) if removable else (("deploying_machine",), f"{fix}, so it can control no mesh")
    if not removable:
        return where, "let one machine control both meshes: members always wait for their mesh's controller"
    if where[2] == "checks":
        return where, "remove this check, or what makes the other wait: a machine is updated after its checks' peers"
    return where, "remove one `after:` of these machines; mesh members always wait for the mesh's controller"


def no_deployment_after_the_last(fleet: Fleet) -> Iterator[Finding]:
    """Checks that no deployment elsewhere waits for the deploying machine, which is updated after all of them."""
    last = fleet.deploying_machine
    for name, deployment in fleet.placed_deployments.items():
        for index, entry in enumerate(deployment.after):
            if deployment.machine != last and last in resolve_after(fleet, "", [entry]):
                what = f"a cycle: the deployment '{name}' waits for {last} waits for the deployment"
                fix = f"nothing elsewhere can wait for '{last}': the deploying machine is updated last"
                yield Finding(("deployments", name, "after", index), what, fix)


def deploying_machine(fleet: Fleet) -> Iterator[Finding]:
    """Checks that the deploying machine is one of the fleet, if it is named."""
    name = fleet.deploying_machine
    if name is not None and name not in fleet.machines:
        yield unknown_machine(("deploying_machine",), name, fleet.machines)
