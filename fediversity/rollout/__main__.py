"""`python -m fediversity.rollout up dev` and its siblings; see OPERATIONS, `init` and `resolve`."""

import argparse
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fediversity.planning.known_servers import former_steps
from fediversity.planning.stacks import read_settings
from fediversity.project.embedded import missing_extra
from fediversity.project.settings import PLUGINS_VARIABLE, Settings, require_plain_path, with_plugins
from fediversity.rollout.backend import Backend
from fediversity.rollout.console import say, summary
from fediversity.rollout.errors import RefusedError
from fediversity.rollout.offline_preview import offline
from fediversity.rollout.output_options import OutputOptions
from fediversity.rollout.passthrough import run_passthrough
from fediversity.rollout.pending_operations import Deployment
from fediversity.rollout.plugin_check import require_official
from fediversity.rollout.policy_gate import require_rules
from fediversity.rollout.preview_analysis import UpcomingRollout, invalidate
from fediversity.rollout.pulumi_cli import PulumiCli
from fediversity.rollout.pulumi_commands import DEV, OPERATIONS, arguments, environment
from fediversity.rollout.recovery import recover, switch_on
from fediversity.rollout.summary import steps_taken_away
from fediversity.support.entry import run_command

if TYPE_CHECKING:
    from fediversity.planning.stack_plan import StackPlan
    from fediversity.rollout.destroy_guard import CheckedRollout

_ROOT = Path(__file__).parents[2]


def main(words: list[str]) -> int:
    """Carry out one command; the engine's exit code, or 1 when it is refused."""
    if words[:1] == ["pulumi"]:
        return run_passthrough(words[1:], _ROOT)
    # No abbreviations: what is not known here is the engine's.
    parser = argparse.ArgumentParser(prog="fediversity.rollout", description=__doc__, allow_abbrev=False)
    parser.add_argument("operation", choices=(*OPERATIONS, "init", "lift", "resolve"))
    parser.add_argument("stack", nargs="?", default=DEV)
    parser.add_argument("--plain", action="store_true", help="up: one line an event also on a terminal")
    parser.add_argument("--verbose", action="store_true", help="up: the engine's own output as it comes")
    parser.add_argument(
        "--plugins", choices=("local", "official"), help="preview: a real stack with simulated plug-ins"
    )
    parser.add_argument("--events", type=Path, metavar="FILE", help="up: write each event as a line of JSON")
    known, options = parser.parse_known_args(words)
    showing = OutputOptions(known.plain, known.verbose, known.events)

    def work() -> int:
        if known.operation != "up" and showing != OutputOptions():
            raise RefusedError("--plain, --verbose and --events are about what an `up` shows")
        return _carry_out(known.operation, known.stack, options, showing, known.plugins)

    return run_command(work, prefix="fediversity: ", subject="the rollout")


def _carry_out(operation: str, stack: str, options: list[str], showing: OutputOptions, plugins: str | None) -> int:
    if operation in ("up", "preview"):
        require_plain_path(_ROOT)
    settings = with_plugins(read_settings(stack, _ROOT), plugins or os.environ.get(PLUGINS_VARIABLE))
    if settings.preview_only and operation != "preview":
        raise RefusedError(
            f"{operation} is refused: with simulated plug-ins the real stack {stack} can only be previewed"
        )
    if settings.simulated or "local" in settings.plugins.values():
        _require_embedded(stack)
    if settings.simulated and operation in OPERATIONS:
        say(f"stack {stack} is simulated: its clouds, machines and tools are on this computer only")
    engine = PulumiCli(_ROOT, environment(stack, os.environ, settings.backend, settings.endpoints))
    backend = Backend.of(_ROOT, engine.environment)
    if operation == "preview":
        return _preview(settings, engine, backend, options)
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
        if operation in ("up", "lift"):
            return _change(operation, settings, engine, backend, options, showing)
        invalidate(settings, _ROOT)
        code = engine.run(arguments(operation, stack, options, simulated=settings.simulated))
        if operation == "destroy" and code == 0:
            _remember(stack, {}, backend)
        return code


def _require_embedded(stack: str) -> None:
    """Raises RefusedError where the packages of the embedded cloud are not installed."""
    if problem := missing_extra():
        raise RefusedError(f"stack {stack} cannot be used; nothing was changed: {problem}")


def _change(
    operation: str, settings: Settings, engine: PulumiCli, backend: Backend, options: list[str], showing: OutputOptions
) -> int:
    """`up`, or `lift`, which is its first half alone."""
    stack = settings.stack
    # Made before the run: what a person edits meanwhile is for the next one.
    planned = _planned(settings)
    require_official(settings, planned.fleet, engine)
    if not settings.simulated:
        require_rules(stack, engine)
    switch_on(stack, engine, backend)
    deployment = _deployment(stack, engine, backend)
    prepared = _prepared(planned, engine, deployment, options)
    if operation == "lift":
        return _lift(prepared)
    prepared.require_allowed()
    _print_changes(prepared.planned, all_machines=False)
    _print_cost(prepared.planned, backend)
    code = _up(prepared, showing, keep_going=_may_keep_going(prepared.planned, deployment))
    deployment = _deployment(stack, engine, backend)
    _remember(stack, deployment, backend)
    for line in summary(stack, deployment):
        print(line)
    return code


def _preview(settings: Settings, engine: PulumiCli, backend: Backend, options: list[str]) -> int:
    """Shows what an `up` would do; with simulated plug-ins, what it would do if nothing were there yet."""
    from fediversity.rollout.destroy_guard import preview  # noqa: PLC0415

    stack = settings.stack
    if settings.preview_only:
        say(f"stack {stack}, simulated plug-ins: no cloud is asked, and all is shown as if nothing were there yet")
    planned = _planned(settings)
    require_official(settings, planned.fleet, engine)
    with contextlib.ExitStack() as apart:
        if settings.preview_only:
            engine, file = apart.enter_context(offline(engine, stack))
            backend = Backend.of(_ROOT, engine.environment)
            options = ["--config-file", str(file), *options]
        else:
            _make_stack(stack, engine, backend)
        prepared = _prepared(planned, engine, _deployment(stack, engine, backend), options)
        _print_changes(prepared.planned, all_machines=True)
        _print_cost(prepared.planned, backend)
        return preview(prepared)


def _planned(settings: Settings) -> "StackPlan":
    from fediversity.rollout.up import planned  # noqa: PLC0415 (destroy and its siblings need no plan)

    return planned(settings, _ROOT)


def _print_changes(planned: "StackPlan", *, all_machines: bool) -> None:
    from fediversity.rollout.up import print_changes  # noqa: PLC0415

    print_changes(planned, _ROOT, all_machines=all_machines)


def _print_cost(planned: "StackPlan", backend: Backend) -> None:
    from fediversity.rollout.cost_summary import cost_line  # noqa: PLC0415

    print(cost_line(planned.settings, planned.fleet, backend, _ROOT))
    sys.stdout.flush()


def _remember(stack: str, deployment: Deployment, backend: Backend) -> None:
    from fediversity.rollout.cost_summary import save_deployed  # noqa: PLC0415

    save_deployed(stack, deployment, backend, _ROOT)


def _prepared(planned: "StackPlan", engine: PulumiCli, deployment: Deployment, options: list[str]) -> "CheckedRollout":
    from fediversity.rollout.destroy_guard import prepare  # noqa: PLC0415

    ahead = UpcomingRollout(planned.settings, planned.fleet, engine, deployment, options)
    return prepare(planned, ahead, lambda: _planned(planned.settings))


def _lift(prepared: "CheckedRollout") -> int:
    from fediversity.rollout.destroy_guard import lift  # noqa: PLC0415

    return lift(prepared)


def _up(prepared: "CheckedRollout", showing: OutputOptions, *, keep_going: bool) -> int:
    from fediversity.rollout.up import up  # noqa: PLC0415

    options = prepared.ahead.options
    return up(prepared.planned, prepared.engine, options, showing, keep_going=keep_going, prepared=prepared)


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
    """Whether the engine may go on after a failure: not when it has steps to delete.

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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
