"""`up`: rolls a stack out while somebody watches, and sums up what was done."""

import contextlib
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TextIO

import yaml

from fediversity.ledger import history
from fediversity.planning.changes import change_lines, changes
from fediversity.planning.known_servers import known_servers
from fediversity.planning.stack_plan import StackPlan
from fediversity.planning.stacks import ledger_of
from fediversity.planning.steps import Plan
from fediversity.planning.systems import carry_over
from fediversity.program.planned_program import planned_program
from fediversity.project.settings import Settings
from fediversity.rollout.capacity_errors import capacity_error_lines
from fediversity.rollout.console import say
from fediversity.rollout.destroy_guard import CheckedRollout, resized_machines
from fediversity.rollout.diagnostics import pulumi_diagnostics
from fediversity.rollout.event_log import read_events
from fediversity.rollout.events import Event
from fediversity.rollout.output_options import OutputOptions
from fediversity.rollout.pulumi_cli import Program, PulumiCli
from fediversity.rollout.pulumi_commands import arguments, asks, may_ask_for_a_passphrase
from fediversity.rollout.recovery import events_file, forget_events
from fediversity.rollout.summary import rollout_lines
from fediversity.rollout.uncertain_creates import uncertain_create_lines, uncertain_creates
from fediversity.rollout.watch import RolloutWatch, json_lines, live_table, on_a_terminal, open_private, plain_lines
from fediversity.support.durations import ago
from fediversity.support.prompt import confirm

ENGINE_LOG = "engine.log"
"""Pulumi's own output, in the stack's folder, when it is not shown as it comes."""


def print_changes(stack: StackPlan, *, all_machines: bool) -> None:
    """Prints what changes on each machine, and which are held."""
    found = changes(stack)
    shown = [change for change in found if all_machines or change.state != "unchanged"]
    same = [change.machine for change in found if change.state == "unchanged"]
    for line in [*(change_lines(stack, shown) if shown else ()), *_held_lines(stack, same)]:
        print(line)
    sys.stdout.flush()


def up(
    stack: StackPlan,
    engine: PulumiCli,
    options: Sequence[str],
    showing: OutputOptions,
    *,
    keep_going: bool,
    prepared: CheckedRollout | None = None,
) -> int:
    """Rolls out and gives Pulumi's exit code. Raises OSError if the file of events cannot be made.

    With `prepared`, the protection of what may be destroyed is lifted first. Raises RefusedError, with nothing changed,
    if that does not succeed.
    """
    settings, project = stack.settings, stack.project
    program = planned_program(stack, engine.environment)
    agreed = False
    verbose = showing.verbose or not _can_be_quiet(settings, engine, options)
    if asks(options, simulated=settings.simulated) and not verbose:
        code = engine.run(arguments("preview", settings.stack, simulated=False), program=program)
        if code != 0:
            return code
        if not _agreed(settings.stack):
            say("nothing was changed")
            return 1
        agreed = True
    if (
        prepared
        and prepared.lifts
        and not agreed
        and asks(options, simulated=settings.simulated)
        and not _agreed_to_lift()
    ):
        say("nothing was changed")
        return 1
    if prepared:
        prepared.lift()
    carry_over(project, stack.fleet)
    event_log = events_file(engine, settings.stack)
    open_private(event_log).close()
    chosen = ("--event-log", str(event_log), *options)
    words = arguments(
        "up",
        settings.stack,
        chosen,
        simulated=settings.simulated,
        keep_going=keep_going,
        agreed=agreed,
        machines=len(stack.fleet.enabled_machines),
    )
    watch = RolloutWatch.begin(ledger_of(project), stack.plan, tuple(stack.fleet.enabled_machines), stack.rotated)
    with contextlib.ExitStack() as open_things:
        if showing.events is not None:
            watch.shows.append(open_things.enter_context(json_lines(showing.events, settings.stack)))
        code, output = _run(engine, words, program, watch, showing, quiet=not verbose)
    events = read_events(event_log)
    doubtful = uncertain_creates(events)
    if not doubtful:
        forget_events(engine, settings.stack)
    told = set(watch.bad)
    # Somebody who rolls a part out knows that the rest is not done.
    left = watch.left if not _in_part(options) else watch.left & _behind(stack.plan, told)
    said = "" if output is None else output.read_text(errors="replace")
    for line in [
        *([] if output is None else pulumi_diagnostics(events, said, told, ended_well=code == 0)),
        *capacity_error_lines(events, stack.fleet, settings.fleet_file),
        *([] if output is None or code == 0 else [f"Pulumi's own output: {output.relative_to(engine.root)}"]),
        *uncertain_create_lines(doubtful, settings.stack, simulated=settings.simulated),
        *rollout_lines(settings, stack.plan, watch.since, left, ended_well=code == 0),
        *resized_machines(stack, known_servers(stack.fleet, ledger_of(project).records())),
    ]:
        print(line)
    return code


def _run(
    engine: PulumiCli,
    words: Sequence[str],
    program: Program,
    watch: RolloutWatch,
    showing: OutputOptions,
    *,
    quiet: bool,
) -> tuple[int, Path | None]:
    """Runs Pulumi while the ledger is watched; gives its exit code, and the file of its output if it has one."""
    with _output(watch.ledger.path.parent, quiet=quiet) as file:
        with contextlib.ExitStack() as shown:
            if quiet and (showing.plain or not on_a_terminal()):
                watch.shows.append(plain_lines(watch))
            elif quiet:
                watch.shows.append(shown.enter_context(live_table(watch)))
            watch.tell([Event(watch.began, "begun")])
            code = engine.run(words, program=program, output=file, meanwhile=watch.look)
            watch.look()
            watch.tell([Event(time.time(), "finished", outcome="well" if code == 0 else "badly")])
        return code, Path(file.name) if file else None


@contextlib.contextmanager
def _output(folder: Path, *, quiet: bool) -> Iterator[TextIO | None]:
    """The file for Pulumi's own output, if it is not to be seen as it comes."""
    if not quiet:
        yield None
        return
    with open_private(folder / ENGINE_LOG) as file:
        yield file


def _can_be_quiet(settings: Settings, engine: PulumiCli, options: Sequence[str]) -> bool:
    """Whether Pulumi has nothing to ask on the terminal that cannot be asked here.

    A preview does not know all options of an up, so one with options is left to Pulumi as a whole.
    """
    file = yaml.safe_load((engine.root / f"Pulumi.{settings.stack}.yaml").read_text()) or {}
    if may_ask_for_a_passphrase(file, engine.environment):
        return False
    return not asks(options, simulated=settings.simulated) or (not options and sys.stdin.isatty() and on_a_terminal())


def _in_part(options: Sequence[str]) -> bool:
    return any(option.startswith(("--target", "-t", "--exclude")) for option in options)


def _behind(plan: Plan, bad: Collection[str]) -> frozenset[str]:
    """The steps that come after any of these, however far."""
    behind: set[str] = set()
    for step in plan:
        if (behind | set(bad)) & set(step.after):
            behind.add(step.name)
    return frozenset(behind)


def _agreed(stack: str) -> bool:
    return confirm(f"fediversity: roll {stack} out as shown?")


def _agreed_to_lift() -> bool:
    """Pulumi asks about the rollout itself, but protection has to go before it."""
    return confirm("fediversity: lift the protection of what would be destroyed?")


def _held_lines(stack: StackPlan, unchanged: Sequence[str]) -> list[str]:
    """The machines that a person has rolled back, and that stay as they are until their configuration changes."""
    ledger, now = ledger_of(stack.project, stack.fleet), time.time()
    records, drifts = ledger.records(), ledger.drifts()
    lines = []
    for name in unchanged:
        rollback = history.held(history.of_machine(records, name), drifts.get(name))
        if rollback is not None:
            when = ago(now - (rollback.ended_at or rollback.started_at))
            lines.append(f"{name} is held: rolled back by hand {when}; see `fediversity status {stack.settings.stack}`")
    return lines
