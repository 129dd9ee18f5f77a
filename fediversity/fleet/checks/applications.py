"""What people outside see: applications."""

from collections.abc import Iterator

from fediversity.fleet.checks.common import unknown_machine
from fediversity.fleet.deployments import Deployment
from fediversity.fleet.diagnostics import Finding, Location, choose
from fediversity.fleet.model import Fleet


def deployments(fleet: Fleet) -> Iterator[Finding]:
    """Checks that applications run on enabled NixOS machines, each at its own domain, one of a kind a machine."""
    domains: dict[str, str] = {}
    places: dict[tuple[str, str], str] = {}
    for name, deployment in fleet.deployments.items():
        where: Location = ("deployments", name)
        yield from _deployment_machine(fleet, deployment, where)
        if (other := domains.setdefault(deployment.domain, name)) != name:
            what = f"'{deployment.domain}' is already the domain of '{other}'"
            yield Finding((*where, "domain"), what, "give each application its own domain")
        if (other := places.setdefault((deployment.machine, deployment.application), name)) != name:
            what = f"'{deployment.machine}' has a {deployment.application} already, '{other}'"
            yield Finding((*where, "machine"), what, "NixOS runs one of each application: name another machine")


def _deployment_machine(fleet: Fleet, deployment: Deployment, where: Location) -> Iterator[Finding]:
    machine = fleet.machines.get(deployment.machine)
    nixos = [name for name, machine in fleet.machines.items() if machine.machineClass == "nixos"]
    if machine is None:
        yield unknown_machine((*where, "machine"), deployment.machine, nixos)
    elif machine.machineClass == "darwin":
        fix = f"NixOps4 deploys to NixOS only; {choose('', nixos)}"
        yield Finding((*where, "machine"), f"'{deployment.machine}' is a Mac", fix)
    elif deployment.enabled and not machine.enabled:
        fix = f"enable '{deployment.machine}', or set `enabled: false` here too"
        yield Finding((*where, "machine"), f"'{deployment.machine}' is disabled", fix)
