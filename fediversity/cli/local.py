"""`fediversity local`: makes the embedded cloud of a simulated stack fail, and heals it.

No room imports the embedded cloud, so it is started as a process, with what this command knows of the stack's fleet.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterable

from fediversity.cli.stack_argument import add_stack_option
from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.accounts import ACCOUNTS
from fediversity.planning.stacks import open_stack
from fediversity.project.embedded import missing_extra
from fediversity.project.settings import Settings
from fediversity.support.errors import RefusedError, UsageError

EXAMPLES = (
    "fediversity local fault cinnabar drop-at-step install --times 1",
    "fediversity local faults",
    "fediversity local heal cinnabar",
)


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    fault = verbs.add_parser(
        "fault", help="make a machine, or the provider's API for a resource, fail (docs/embedded-cloud.md: Faults)"
    )
    fault.add_argument("machine", help="a machine of the fleet, or for api-… a resource; it need not exist yet")
    fault.add_argument("kind", help="the kind of fault")
    fault.add_argument("parameter", nargs="?", help="of kinds that have one: bytes, a step, a unit, a factor, seconds")
    ends = fault.add_mutually_exclusive_group()
    ends.add_argument("--times", type=int, metavar="N", help="the fault ends after N times")
    ends.add_argument("--for", dest="seconds", type=float, metavar="SECONDS", help="the fault ends after this time")
    verbs.add_parser("faults", help="list the faults that are in force")
    heal = verbs.add_parser("heal", help="end faults and repair what they left behind")
    heal.add_argument("machine", nargs="?", help="the machine (default: all)")
    for verb in verbs.choices.values():
        add_stack_option(verb)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command in the embedded cloud and returns its exit code. Raises UsageError for a real stack."""
    project, fleet = open_stack(arguments.stack)
    if not project.settings.simulated:
        raise UsageError(f"The machines of the stack '{arguments.stack}' are real; only simulated ones have faults.")
    if problem := missing_extra():
        raise RefusedError(problem)
    words = [arguments.verb, arguments.stack]
    if arguments.verb != "faults":
        known = [f"--known={name}={machine.machineClass}" for name, machine in sorted(fleet.enabled_machines.items())]
        words += [*known, *([arguments.machine] if arguments.machine else [])]
    if arguments.verb == "fault":
        if arguments.kind.startswith("api-") and arguments.machine not in fleet.enabled_machines:
            words += [f"--resource={name}" for name in sorted(_resources(project.settings, fleet))]
        words += [arguments.kind, *([arguments.parameter] if arguments.parameter is not None else [])]
        words += [f"--times={arguments.times}"] if arguments.times is not None else []
        words += [f"--for={arguments.seconds}"] if arguments.seconds is not None else []
    command = [sys.executable, "-m", "fediversity.embedded_cloud", *words]
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode


def _resources(settings: Settings, fleet: Fleet) -> Iterable[str]:
    """Returns the names of the stack's resources in the program, with those of machines that are switched off."""
    from fediversity.program.mock_pulumi import declared_resources  # noqa: PLC0415 (loads Pulumi and the clouds' SDKs)

    machines = {name: machine.model_copy(update={"enabled": True}) for name, machine in fleet.machines.items()}
    whole = fleet.model_copy(update={"machines": machines})
    return {entry.name for entry in declared_resources(whole, settings) if entry.package in ACCOUNTS}
