"""`fediversity local`: makes the embedded cloud of a simulated stack fail, and heals it.

The embedded cloud is started as a process of its own, as everywhere; this knows the stack and its fleet.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterable

from fediversity.cli.fleet_argument import DEFAULT_STACK
from fediversity.fleet.model import Fleet
from fediversity.planning.stacks import open_stack
from fediversity.project.embedded import missing_extra
from fediversity.project.settings import Settings
from fediversity.support.errors import RefusedError, UsageError


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    fault = verbs.add_parser(
        "fault", help="make a machine, or the provider's API for a resource, fail (docs/embedded-cloud.md: Faults)"
    )
    fault.add_argument("machine", help="a machine of the fleet, or for api-… a resource; it need not exist yet")
    fault.add_argument("kind", help="what goes wrong")
    fault.add_argument("parameter", nargs="?", help="of kinds that have one: bytes, a step, a unit, a factor, seconds")
    ends = fault.add_mutually_exclusive_group()
    ends.add_argument("--times", type=int, metavar="N", help="it happens so often, then it is over")
    ends.add_argument("--for", dest="seconds", type=float, metavar="SECONDS", help="it is over after so long")
    verbs.add_parser("faults", help="list the faults that are in force")
    heal = verbs.add_parser("heal", help="end faults and repair what they left behind")
    heal.add_argument("machine", nargs="?", help="the machine (default: all)")
    for verb in verbs.choices.values():
        verb.add_argument("--stack", default=DEFAULT_STACK, help=f"the stack (default: {DEFAULT_STACK})")


def run(arguments: argparse.Namespace) -> int:
    """Runs the command in the embedded cloud and gives its exit code. Raises UsageError for a real stack."""
    settings, fleet = open_stack(arguments.stack)
    if not settings.simulated:
        raise UsageError(f"The machines of the stack '{arguments.stack}' are real; only simulated ones have faults.")
    if problem := missing_extra():
        raise RefusedError(problem)
    words = [arguments.verb, arguments.stack]
    if arguments.verb != "faults":
        known = [f"--known={name}={machine.machineClass}" for name, machine in sorted(fleet.enabled_machines.items())]
        words += [*known, *([arguments.machine] if arguments.machine else [])]
    if arguments.verb == "fault":
        if arguments.kind.startswith("api-") and arguments.machine not in fleet.enabled_machines:
            words += [f"--resource={name}" for name in sorted(_resources(settings, fleet))]
        words += [arguments.kind, *([arguments.parameter] if arguments.parameter is not None else [])]
        words += [f"--times={arguments.times}"] if arguments.times is not None else []
        words += [f"--for={arguments.seconds}"] if arguments.seconds is not None else []
    command = [sys.executable, "-m", "fediversity.embedded_cloud", *words]
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode


def _resources(settings: Settings, fleet: Fleet) -> Iterable[str]:
    """What the stack's resources are called in the program, those of machines that are switched off too."""
    from fediversity.program.mock_pulumi import declared_resources  # noqa: PLC0415 (loads Pulumi and the clouds' SDKs)

    machines = {name: machine.model_copy(update={"enabled": True}) for name, machine in fleet.machines.items()}
    whole = fleet.model_copy(update={"machines": machines})
    return {entry.name for entry in declared_resources(whole, settings) if entry.type.startswith(("hcloud:", "gcp:"))}
