"""The options of the runner for each step: what of the fleet it has to know to do its work."""

from fediversity.fleet.model import Fleet
from fediversity.fleet.order import controllers
from fediversity.plan.commands import Site
from fediversity.plan.steps import Step


def runner_options(step: Step, fleet: Fleet, site: Site) -> tuple[str, ...]:
    """The options of `fediversity-step` for a step of this fleet, in a fixed order."""
    options = ["--stack", site.stack]
    options += ["--simulated"] if site.simulated else []
    options += ["--identity", site.identity] if site.identity else []
    options += ["--flake", site.flake] if site.flake != "nix" else []
    if step.machine is None:
        return tuple(options)
    machine = fleet.machines[step.machine]
    options += ["--machine", step.machine] if step.deployment else []
    options += ["--fleet", fleet.name, "--user", machine.ssh.user, "--port", str(machine.ssh.port)]
    options += ["--class", "darwin"] if machine.machineClass == "darwin" else []
    if step.kind in {"install", "unlock"} and machine.disk.encrypted:
        options += ["--unlock-port", str(machine.disk.unlock_port)]
    if step.kind == "install" and machine.reinstall:
        options += ["--reinstall", machine.reinstall]
    return (*options, *(_mesh(step.machine, fleet) if step.kind == "join" else ()))


def controller_of(machine: str, fleet: Fleet) -> str:
    """The machine that controls the mesh which a Mac joins. Raises KeyError if nobody does (see checks)."""
    return controllers(fleet)[fleet.machines[machine].mesh or ""]


def _mesh(machine: str, fleet: Fleet) -> tuple[str, ...]:
    controller = controller_of(machine, fleet)
    ssh = fleet.machines[controller].ssh
    who = ("--instance", fleet.machines[machine].mesh or "", "--controller", controller)
    return (*who, "--controller-user", ssh.user, "--controller-port", str(ssh.port))
