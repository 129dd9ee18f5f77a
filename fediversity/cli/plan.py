"""`fediversity plan`: prints the steps of a rollout in order, as a table or as JSON."""

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from fediversity.cli.stack_argument import add_stack
from fediversity.planning.changes import change_lines, changes
from fediversity.planning.commands import shell_text
from fediversity.planning.stack_plan import plan_stack
from fediversity.planning.stacks import open_project
from fediversity.planning.steps import RUNS_AGAIN, Plan

EXAMPLES = (
    "fediversity plan staging --commands",
    "fediversity plan dev --json",
)


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    add_stack(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--commands", action="store_true", help="show each command line, and when it runs again")


def run(arguments: argparse.Namespace) -> int:
    """Prints the plan. Raises FleetError or SettingsError if there is none."""
    project = open_project(arguments.stack)
    settings = project.settings
    planned = plan_stack(project, lambda text: print(text, file=sys.stderr))
    fleet, plan = planned.fleet, planned.plan
    found = changes(planned)
    if arguments.json:
        report = {"without_nix": planned.systems.without_nix, "machines": [asdict(change) for change in found]}
        data = {"stack": settings.stack, "fleet": fleet.name, "steps": as_data(plan), "changes": report}
        json.dump(data, sys.stdout, indent=2)
        print()
    else:
        disabled = [name for name, machine in fleet.machines.items() if not machine.enabled]
        print_table(plan, settings.stack, settings.simulated, disabled, commands=arguments.commands)
        print("\n".join(["", *change_lines(planned, found)]))
    return 0


def as_data(plan: Plan) -> list[dict[str, Any]]:
    """Returns the steps as plain data. `command` is a line of shell, empty if the runner does the work itself."""
    return [
        {
            "name": step.name,
            "kind": step.kind,
            "machine": step.machine,
            "deployment": step.deployment,
            "what": step.what,
            "after": list(step.after),
            "runs_again_when": RUNS_AGAIN[step.kind],
            "fingerprint": step.fingerprint,
            "command": shell_text(step.command),
        }
        for step in plan
    ]


def print_table(plan: Plan, stack: str, simulated: bool, disabled: list[str], *, commands: bool) -> None:
    """Prints the plan for a person."""
    from rich import box  # noqa: PLC0415 (JSON needs none of it)
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False)
    where = "on simulated machines" if simulated else "on real machines"
    table = Table(
        title=f"{len(plan.steps)} steps roll the stack {stack} out, {where}", box=box.SIMPLE, title_justify="left"
    )
    table.add_column("#", justify="right", style="dim")
    table.add_column("step", no_wrap=True, style="bold")
    table.add_column("what it does")
    table.add_column("waits for", overflow="fold")
    for number, step in enumerate(plan, start=1):
        table.add_row(str(number), step.name, Text(step.what), Text("\n".join(step.after) or "-"))
        if commands:
            table.add_row("", "", Text(f"runs again when {RUNS_AGAIN[step.kind]}", style="dim"), "")
    console.print(table)
    for step in plan if commands else ():
        if step.command:
            console.print(Text(f"{step.name}:", style="bold"))
            console.print(Text(f"  {shell_text(step.command)}"), soft_wrap=True)
    if disabled:
        console.print(Text(f"Switched off, so nothing is declared for it: {', '.join(disabled)}"))
