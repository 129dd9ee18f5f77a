"""The plan: a pure function from the fleet to ordered steps."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from fediversity.fleet.base import is_address
from fediversity.fleet.deployments import Deployment
from fediversity.fleet.fleet_json import render
from fediversity.fleet.graph import find_cycle, in_order
from fediversity.fleet.machines import Machine
from fediversity.fleet.model import Fleet
from fediversity.fleet.order import machine_waits, mesh_controllers, resolve_after
from fediversity.ledger.records import update_step
from fediversity.planning import commands
from fediversity.planning.known_servers import UNKNOWN, KnownServers
from fediversity.planning.steps import Plan, PlanError, Step
from fediversity.project.origin import RolloutOrigin

VARS = "fleet-vars"


def make_plan(
    fleet: Fleet,
    fingerprints: Mapping[str, str],
    site: RolloutOrigin,
    *,
    generators: str = "",
    systems: Mapping[str, str] | None = None,
    kept: Mapping[str, str] | None = None,
    servers: KnownServers = UNKNOWN,
    rendered: Mapping[str, Any] | None = None,
) -> Plan:
    """All steps that roll the enabled part of a fleet out, in a fixed order.

    `fingerprints` gives each enabled machine's, `generators` the state of what generates their vars. `systems` tells a
    machine's whole system apart from others where more is known of it than that fingerprint, which leaves out what
    applications are asked to be; `kept` gives the fingerprints of deployments that were applied and are as they should
    be, by the name of their step. `servers` is what is known of the servers that there are. Raises PlanError if steps
    wait for each other in a circle, which a loaded fleet never does.
    """
    rendered = render(fleet) if rendered is None else rendered
    steps = [_vars(fleet, rendered, generators, site)] if fleet.enabled_machines else []
    waits, mesh = machine_waits(fleet), mesh_controllers(fleet)
    for name, machine in fleet.enabled_machines.items():
        gate = [update_step(other) for other in sorted(resolve_after(fleet, name, machine.after))]
        admitted_by = [update_step(controller) for controller in sorted(mesh[name])]
        prepared = servers.comes_with_nixos(name, machine)
        steps += _machine_steps(name, machine, gate, admitted_by, fingerprints[name], site, prepared=prepared)
        steps[-1] = _waiting_for(steps[-1], (update_step(other) for other in sorted(waits[name])))
    known = {**fingerprints, **(systems or {})}
    steps += [_apply(fleet, name, rendered, known, site) for name in fleet.placed_deployments]
    steps = [replace(step, fingerprint=(kept or {}).get(step.name, step.fingerprint)) for step in steps]
    return _ordered(_deploying_last(fleet, steps))


def _vars(fleet: Fleet, rendered: Mapping[str, Any], generators: str, site: RolloutOrigin) -> Step:
    inventory = {key: rendered[key] for key in ("name", "domain", "machines", "instances")}
    inventory["generators"] = generators
    inventory["deployments"] = {name: _secrets_of(request) for name, request in rendered["deployments"].items()}
    # Sorted, because another command line is another run, and the order of a file means nothing.
    command = commands.generate_vars(sorted(fleet.enabled_machines), site)
    return Step(VARS, "vars", None, command=command, fingerprint=_hash(inventory))


def _secrets_of(request: Mapping[str, Any]) -> list[Any]:
    """What of a deployment decides which secrets it has."""
    mail = request["mail"]
    return [request["machine"], request["application"], bool(request["storage"]), bool(mail and mail["user"])]


def _machine_steps(
    name: str,
    machine: Machine,
    gate: list[str],
    admitted_by: list[str],
    fingerprint: str,
    site: RolloutOrigin,
    *,
    prepared: bool,
) -> list[Step]:
    """The chain of steps of one machine; each waits for the one before it.

    A server that is `prepared` runs NixOS already: it is not installed, and has its own host key from its first update
    on.

    `gate` lists the steps that `after:` puts before anything that changes the machine, `admitted_by` the updates of
    the mesh's controllers, without which nobody could admit it.
    """
    chain = [Step(f"{name}-reach", "reach", name)]
    user, port = machine.ssh.user, site.port(machine.ssh.port)
    if machine.installed_by_us and not prepared:
        command = commands.install(name, user, port, site)
        chain.append(Step(f"{name}-install", "install", name, (VARS, *gate), command))
    if machine.installed_by_us and machine.disk.encrypted:
        chain.append(Step(f"{name}-unlock", "unlock", name, (VARS,) if prepared else (), prepared=prepared))
    if machine.installed_by_us and not prepared:
        chain.append(Step(f"{name}-online", "online", name))
    if machine.mesh:
        chain.append(Step(f"{name}-join", "join", name, (*gate, *admitted_by)))
    command = commands.update(name, user, port, site, host=_host(machine, site))
    update = Step(update_step(name), "update", name, (VARS, *gate), command, fingerprint, prepared=prepared)
    chain.append(update)
    return [_waiting_for(step, (chain[index - 1].name,) if index else ()) for index, step in enumerate(chain)]


def _host(machine: Machine, site: RolloutOrigin) -> str:
    """The machine's host in a target of clan's; a simulated machine always has an IPv4 address."""
    host = machine.provider.fixed_host
    if site.simulated or host is None:
        return commands.ADDRESS
    return f"[{commands.ADDRESS}]" if is_address(host, 6) else commands.ADDRESS


def _apply(
    fleet: Fleet, name: str, rendered: Mapping[str, Any], systems: Mapping[str, str], site: RolloutOrigin
) -> Step:
    deployment = fleet.deployments[name]
    # NixOps4 switches the whole system of the machine. That system has the applications of the fleet file already, so
    # an update never takes one down; but only this step makes sure that the application is what was asked for.
    applied = {"deployment": rendered["deployments"][name], "system": systems[deployment.machine]}
    others = resolve_after(fleet, "", deployment.after)
    return Step(
        name=f"{name}-apply",
        kind="apply",
        machine=deployment.machine,
        after=tuple(update_step(machine) for machine in sorted({deployment.machine, *others})),
        command=commands.apply(name, site),
        fingerprint=_hash(applied),
        deployment=name,
        purpose=_purpose(deployment),
    )


def _purpose(deployment: Deployment) -> str | None:
    if deployment.enabled:
        return None
    return "take the application down and remove its data" if deployment.remove_data else "take the application down"


def _waiting_for(step: Step, names: Iterable[str]) -> Step:
    return replace(step, after=tuple(dict.fromkeys((*step.after, *names))))


def _deploying_last(fleet: Fleet, steps: list[Step]) -> list[Step]:
    """The deploying machine restarts what the rollout runs on, so it waits for the deployments elsewhere too."""
    last = fleet.deploying_machine
    applied = [step.name for step in steps if step.kind == "apply" and step.machine != last]
    return [_waiting_for(step, applied) if step.name == update_step(last or "") else step for step in steps]


def _ordered(steps: list[Step]) -> Plan:
    edges = {step.name: step.after for step in steps}
    cycle = find_cycle(edges)
    if cycle:
        raise PlanError(cycle)
    by_name = {step.name: step for step in steps}
    reachable: dict[str, frozenset[str]] = {}
    ordered = []
    for name in in_order(edges):
        step = by_name[name]
        implied = frozenset().union(*(reachable[other] for other in step.after))
        reachable[name] = implied | set(step.after)
        ordered.append(replace(step, after=tuple(sorted(set(step.after) - implied))))
    return Plan(tuple(ordered))


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
