"""What the image that a cloud delivers cannot do, so that no real server is made that nobody could reach."""

from fediversity.fleet.diagnostics import FleetError, Problem
from fediversity.fleet.model import Fleet
from fediversity.project.settings import Settings

_IMAGE_PORT = 22


def require_image_port(fleet: Fleet, settings: Settings) -> None:
    """Makes sure that SSH answers on one port before and after the install.

    A cloud's image and the installer answer on port 22; only simulated machines are made with another. Raises
    FleetError with every machine that is reached by another port.
    """
    odd = {
        name: machine.ssh.port
        for name, machine in fleet.enabled_machines.items()
        if machine.installed_by_us and machine.ssh.port != _IMAGE_PORT and not settings.simulated
    }
    what = "cannot be installed, because a cloud's image answers on port 22 only"
    fix = "use port 22; another port is for machines of kind existing and darwin, and for simulated stacks"
    problems = [
        Problem(settings.fleet_file, 0, f"machines.{name}.ssh.port", f"port {port} {what}", fix)
        for name, port in odd.items()
    ]
    if problems:
        raise FleetError(problems)
