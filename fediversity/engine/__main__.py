"""`python -m fediversity.engine up dev` and its siblings; see OPERATIONS, `init` and `resolve`."""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from fediversity.cli.stack import read_settings
from fediversity.engine.backend import Backend
from fediversity.engine.cli import Engine
from fediversity.engine.command import DEV, OPERATIONS, arguments, environment
from fediversity.engine.errors import RefusedError
from fediversity.engine.pending import Deployment
from fediversity.engine.recovery import recover, switch_on
from fediversity.engine.report import say, summary
from fediversity.engine.rollout import rollout_lines, steps_since, steps_taken_away
from fediversity.fleet.problems import FleetError
from fediversity.plan.settings import Settings, SettingsError, require_plain_path
from fediversity.plan.steps import Plan

_ROOT = Path(__file__).parents[2]


def main(words: list[str]) -> int:
    """Carry out one command; the engine's exit code, or 1 when it is refused."""
    parser = argparse.ArgumentParser(prog="fediversity.engine", description=__doc__)
    parser.add_argument("operation", choices=(*OPERATIONS, "init", "resolve"))
    parser.add_argument("stack", nargs="?", default=DEV)
    known, options = parser.parse_known_args(words)
    try:
        return _carry_out(known.operation, known.stack, options)
    except (RefusedError, SettingsError, FleetError) as refusal:
        say(str(refusal))
        return 1


def _carry_out(operation: str, stack: str, options: list[str]) -> int:
    if operation in ("up", "preview"):
        require_plain_path(_ROOT)
    settings = read_settings(stack, _ROOT)
    if settings.simulated and operation in OPERATIONS:
        say(f"stack {stack} is simulated: its clouds, machines and tools are on this computer only")
    engine = Engine(_ROOT, environment(stack, os.environ))
    backend = Backend.of(_ROOT, engine.environment)
    if operation == "preview":
        _make_stack(stack, engine, backend)
        return engine.run(arguments(operation, stack, options, simulated=settings.simulated))
    with backend.only_run(stack):
        if operation == "destroy" and not backend.has_stack(stack):
            say(f"stack {stack} was never rolled out: nothing to destroy")
            return 0
        _make_stack(stack, engine, backend)
        if operation == "init":
            return 0
        recover(stack, engine, backend, options if operation == "resolve" else ())
        if operation == "resolve":
            return 0
        if operation == "up":
            switch_on(stack, engine, backend)
        # Made before the run: what a person edits meanwhile is for the next one.
        plan = _planned(settings) if operation == "up" else Plan(())
        keep_going = operation != "up" or _may_keep_going(plan, _deployment(stack, engine, backend))
        began = time.time()
        code = engine.run(arguments(operation, stack, options, simulated=settings.simulated, keep_going=keep_going))
        if operation == "up":
            steps = steps_since(engine.root, stack, began)
            for line in [
                *rollout_lines(settings, plan, steps, ended_well=code == 0),
                *summary(stack, _deployment(stack, engine, backend)),
            ]:
                print(line)
        return code


def _make_stack(stack: str, engine: Engine, backend: Backend) -> None:
    """Make the dev stack on first use. Another stack is its owner's to make: who keeps its secrets is a choice."""
    if backend.has_stack(stack):
        return
    if stack != DEV:
        raise RefusedError(
            f"stack {stack} does not exist in this project's backend. Make it once with "
            f"`./just pulumi stack init {stack} --secrets-provider=…`"
        )
    engine.output(["stack", "init", stack])
    say(f"made stack {stack}")


def _planned(settings: Settings) -> Plan:
    """The steps and their edges, without fingerprints; none of a fleet that the program will refuse."""
    from fediversity.fleet.load import load_fleet  # noqa: PLC0415 (only a rollout needs the fleet)
    from fediversity.plan.build import make_plan  # noqa: PLC0415

    try:
        fleet = load_fleet(_ROOT / settings.fleet_file)
    except FleetError:
        return Plan(())  # The program says what is wrong, in the engine's output.
    return make_plan(fleet, dict.fromkeys(fleet.enabled_machines, ""), settings.site)


def _may_keep_going(plan: Plan, deployment: Deployment) -> bool:
    """Whether the engine may go on after a failure: not when it has steps to delete.

    After a failure it would delete them although a step that it skipped still needs them in the state (seen with
    v3.259.0), and leave a state that it refuses from then on.
    """
    gone = steps_taken_away(plan.by_name, deployment) if plan.steps else ()
    if gone:
        say(f"no longer in the plan: {', '.join(gone)}; while steps go away, a rollout stops at its first failure")
    return not gone


def _deployment(stack: str, engine: Engine, backend: Backend) -> Deployment:
    deployment = backend.checkpoint(stack)
    if deployment is None:
        deployment = json.loads(engine.output(["stack", "export", "--stack", stack]))["deployment"]
    return deployment


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
