"""What `up`, `preview` and their siblings do, once the stack's settings are known and its lock is held."""

import contextlib
import json
import sys
from collections.abc import Collection, Sequence

from fediversity.planning.known_servers import former_steps
from fediversity.planning.stack_plan import StackPlan, plan_again, plan_stack
from fediversity.project.project import Project
from fediversity.rollout.backend import Backend
from fediversity.rollout.console import say, summary
from fediversity.rollout.cost_summary import cost_line, save_deployed
from fediversity.rollout.destroy_guard import CheckedRollout, lift, prepare, preview
from fediversity.rollout.offline_preview import offline
from fediversity.rollout.output_options import OutputOptions
from fediversity.rollout.pending_operations import Deployment
from fediversity.rollout.plugin_check import require_official
from fediversity.rollout.policy_gate import require_rules
from fediversity.rollout.preview_analysis import UpcomingRollout
from fediversity.rollout.pulumi_cli import PulumiCli
from fediversity.rollout.pulumi_commands import DEV, arguments
from fediversity.rollout.recovery import recover, switching_on
from fediversity.rollout.summary import steps_taken_away
from fediversity.rollout.unchanged import forget
from fediversity.rollout.up import print_changes, up
from fediversity.support.errors import RefusedError


def carry_out(
    operation: str, project: Project, engine: PulumiCli, options: Sequence[str], showing: OutputOptions
) -> int:
    """Carries out one command; gives Pulumi's exit code, or 1 for what is refused.

    Raises RefusedError, SettingsError or FleetError, with nothing changed, with everything that is wrong.
    """
    stack, simulated = project.stack, project.settings.simulated
    backend = Backend.of(project.root, engine.environment)
    if operation == "preview":
        return _preview(project, engine, backend, options)
    if operation == "destroy" and not backend.has_stack(stack):
        say(f"stack {stack} was never rolled out: nothing to destroy")
        return 0
    _make_stack(stack, engine, backend)
    if operation == "init":
        return 0
    recover(stack, engine, backend, options if operation == "resolve" else ())
    if operation == "resolve":
        return 0
    if operation in ("up", "lift"):
        return _change(operation, project, engine, backend, options, showing)
    forget(project)
    code = engine.run(arguments(operation, stack, options, simulated=simulated))
    if operation == "destroy" and code == 0:
        save_deployed(project, {}, backend)
    return code


def _change(
    operation: str,
    project: Project,
    engine: PulumiCli,
    backend: Backend,
    options: Sequence[str],
    showing: OutputOptions,
) -> int:
    """`up`, or `lift`, which is its first half alone."""
    stack = project.stack
    with switching_on(stack, engine, backend) as switched_on:
        # Made before the run: what a person edits meanwhile is for the next one.
        planned = plan_stack(project, say)
        require_official(planned.settings, planned.fleet, engine)
        if not planned.settings.simulated:
            require_rules(stack, engine)
        switched_on()
    deployment = _deployment(stack, engine, backend)
    prepared = _prepared(planned, engine, deployment, options)
    if operation == "lift":
        return lift(prepared)
    prepared.require_allowed()
    print_changes(prepared.planned, all_machines=False)
    _print_cost(prepared.planned, backend)
    keep_going = _may_keep_going(prepared.planned, deployment)
    code = up(prepared.planned, engine, options, showing, keep_going=keep_going, prepared=prepared)
    deployment = _deployment(stack, engine, backend)
    if code == 0:
        prepared.ahead.remember(deployment)
    save_deployed(project, deployment, backend)
    for line in summary(stack, deployment):
        print(line)
    return code


def _preview(project: Project, engine: PulumiCli, backend: Backend, options: Sequence[str]) -> int:
    """Shows what an `up` would do; with simulated plug-ins, what it would do if nothing were there yet."""
    stack, preview_only = project.stack, project.settings.preview_only
    if preview_only:
        say(f"stack {stack}, simulated plug-ins: no cloud is asked, and all is shown as if nothing were there yet")
    planned = plan_stack(project, say)
    require_official(planned.settings, planned.fleet, engine)
    with contextlib.ExitStack() as apart:
        if preview_only:
            engine, file = apart.enter_context(offline(engine, stack))
            backend = Backend.of(project.root, engine.environment)
            options = ["--config-file", str(file), *options]
        else:
            _make_stack(stack, engine, backend)
        prepared = _prepared(planned, engine, _deployment(stack, engine, backend), options)
        print_changes(prepared.planned, all_machines=True)
        _print_cost(prepared.planned, backend)
        return preview(prepared)


def _print_cost(planned: StackPlan, backend: Backend) -> None:
    print(cost_line(planned.project, planned.fleet, backend))
    sys.stdout.flush()


def _prepared(planned: StackPlan, engine: PulumiCli, deployment: Deployment, options: Sequence[str]) -> CheckedRollout:
    def replan(coming: Collection[str]) -> StackPlan:
        return plan_again(planned, say, coming)

    return prepare(planned, UpcomingRollout(planned, engine, deployment, options), replan)


def _make_stack(stack: str, engine: PulumiCli, backend: Backend) -> None:
    """Make the dev stack on first use. Another stack is its owner's to make: who keeps its secrets is a choice."""
    if backend.has_stack(stack):
        return
    if stack != DEV:
        raise RefusedError(
            f"stack {stack} does not exist in this project's backend; nothing was changed. Make it once, by a person\n"
            f"    in this folder:  ./just pulumi stack init {stack} --secrets-provider=passphrase\n"
            f"    in a bucket:     .venv/bin/fediversity state init {stack} --bucket … (docs/state.md)\n"
            f"Without either, `./just preview {stack} --plugins local` shows it."
        )
    engine.output(["stack", "init", stack])
    say(f"made stack {stack}")


def _may_keep_going(planned: "StackPlan", deployment: Deployment) -> bool:
    """Whether Pulumi may go on after a failure: not when it has steps to delete.

    After a failure it would delete them although a step that it skipped still needs them in the state (seen with
    v3.259.0), and leave a state that it refuses from then on.
    """
    plan = planned.plan
    gone = steps_taken_away({*plan.by_name, *former_steps(planned.fleet, plan)}, deployment) if plan.steps else ()
    if gone:
        say(f"no longer in the plan: {', '.join(gone)}; while steps go away, a rollout stops at its first failure")
    return not gone


def _deployment(stack: str, engine: PulumiCli, backend: Backend) -> Deployment:
    deployment = backend.checkpoint(stack)
    if deployment is None:
        deployment = json.loads(engine.output(["stack", "export", "--stack", stack]))["deployment"]
    return deployment
