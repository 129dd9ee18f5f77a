"""`fediversity policy`: checks the resources that stacks declare against the rules. Needs no Pulumi and no network."""

import argparse
import sys
from pathlib import Path

from fediversity.fleet.diagnostics import FleetError
from fediversity.fleet.model import Fleet
from fediversity.fleet.yaml_reader import read_yaml
from fediversity.planning.stacks import open_stack
from fediversity.policy.monthly_cost import stack_of
from fediversity.policy.rules import ABOUT, problem, violations
from fediversity.project.project import Project
from fediversity.project.stack_file import stacks

EXAMPLES = (
    "fediversity policy production",
    "fediversity policy --rules",
)


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    parser.add_argument("stack", nargs="*", help="the stacks (default: all of the project)")
    parser.add_argument("--rules", action="store_true", help="list the rules")


def run(arguments: argparse.Namespace) -> int:
    """Checks the stacks. Returns 1 if one breaks a rule. Raises SettingsError or FleetError if one cannot be read."""
    if arguments.rules:
        for name, about in ABOUT.items():
            print(f"{name:<20}{about}")
        return 0
    opened = [open_stack(name) for name in arguments.stack or stacks(Path.cwd())]
    return max(_check(project, fleet) for project, fleet in opened)


def _check(project: Project, fleet: Fleet) -> int:
    from fediversity.program.mock_pulumi import declared_resources  # noqa: PLC0415 (loads Pulumi and the clouds' SDKs)

    resources = declared_resources(fleet, project.settings)
    stack = stack_of(project.settings, fleet)
    lines = read_yaml(project.fleet_file.read_text(encoding="utf-8"), project.settings.fleet_file).lines
    problems = [problem(violation, stack, lines) for violation in violations(resources, stack)]
    if problems:
        print(FleetError(problems), file=sys.stderr)
        return 1
    print(f"stack {project.stack} keeps to all {len(ABOUT)} rules: {len(resources)} resources")
    return 0
