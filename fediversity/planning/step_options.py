"""The options of the step runner for each step: what it has to know of the fleet."""

import json

from fediversity.fleet.model import Fleet
from fediversity.fleet.order import controllers, resolve_after, shared_mesh
from fediversity.planning.steps import Step
from fediversity.project.origin import RolloutOrigin

_CAPPED = frozenset({"install", "update", "apply"})
_DEFERRABLE = frozenset({"reach", "join", "update", "apply"})
_UNLOCKS = frozenset({"install", "unlock", "update", "apply"})
_SWITCHES = frozenset({"update", "apply"})
_GATED = frozenset({"install", "join", "update", "apply"})


def runner_options(step: Step, fleet: Fleet, site: RolloutOrigin, size: str | None = None) -> tuple[str, ...]:
    """Returns the options of `fediversity-step` for a step of this fleet, in a fixed order.

    `size` is the type of the step's server; the cloud switches the server off when it changes.
    """
    options = ["--stack", site.stack]
    options += ["--simulated"] if site.simulated else []
    options += ["--identity", site.identity] if site.identity else []
    options += ["--flake", site.flake] if site.flake != "nix" else []
    if step.machine is None:
        return tuple(options)
    machine = fleet.machines[step.machine]
    options += ["--provider", machine.provider.kind] if step.kind in _CAPPED else []
    options += ["--may-be-offline"] if step.kind in _DEFERRABLE and machine.deferred_when_off else []
    options += ["--gate", ",".join(gate)] if (gate := _gate(step, fleet)) else []
    options += ["--machine", step.machine] if step.deployment else []
    options += ["--fleet", fleet.name, "--user", machine.ssh.user, "--port", str(site.port(machine.ssh.port))]
    options += ["--class", "darwin"] if machine.machineClass == "darwin" else []
    if step.kind in _UNLOCKS and machine.disk.encrypted:
        options += ["--unlock-port", str(machine.disk.unlock_port)]
    options += ["--prepared"] if step.prepared else []
    options += ["--size", size] if step.kind == "unlock" and size else []
    options += ["--formerly", ",".join(machine.formerly)] if step.kind in _SWITCHES and machine.formerly else []
    if step.kind == "install" and machine.reinstall:
        options += ["--reinstall", machine.reinstall]
    return (*options, *(_mesh(step.machine, fleet, site) if step.kind == "join" else ()))


def checks_text(name: str, fleet: Fleet) -> str | None:
    """Returns the health checks of a machine as JSON, None if it has none.

    `fleet.health_checks` reads them. A check of a `peer` also has the zerotier `instance` of both machines.
    """
    checks = [check.model_dump(exclude_none=True) for check in fleet.machines[name].checks]
    for check in checks:
        if "peer" in check:
            check["instance"] = shared_mesh(fleet, name, check["peer"])
    return json.dumps(checks, sort_keys=True) if checks else None


def controller_of(machine: str, fleet: Fleet) -> str:
    """Returns the machine that controls the mesh of a Mac. Raises KeyError if there is none (see `fleet.checks`)."""
    return controllers(fleet)[fleet.machines[machine].mesh or ""]


def _gate(step: Step, fleet: Fleet) -> tuple[str, ...]:
    """Returns the machines that `after:` puts before a step: it does not run while an update of theirs is deferred."""
    if step.machine is None or step.kind not in _GATED:
        return ()
    after = fleet.deployments[step.deployment].after if step.deployment else fleet.machines[step.machine].after
    return tuple(sorted(resolve_after(fleet, "" if step.deployment else step.machine, after)))


def _mesh(machine: str, fleet: Fleet, site: RolloutOrigin) -> tuple[str, ...]:
    controller = controller_of(machine, fleet)
    ssh = fleet.machines[controller].ssh
    mesh = ("--instance", fleet.machines[machine].mesh or "", "--controller", controller)
    return (*mesh, "--controller-user", ssh.user, "--controller-port", str(site.port(ssh.port)))
