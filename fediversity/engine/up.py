"""`up`: rolls a stack out while somebody watches, and sums up what was done."""

import contextlib
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TextIO

import yaml

from fediversity.components.planned_program import planned_program
from fediversity.derivations.changes import change_lines, changes
from fediversity.derivations.planned import Planned
from fediversity.derivations.systems import carry_over
from fediversity.engine.careful import Prepared, moves
from fediversity.engine.cli import Engine, Program
from fediversity.engine.command import arguments, asks, may_ask_for_a_passphrase
from fediversity.engine.doubtful import doubtful_lines
from fediversity.engine.events import Event
from fediversity.engine.full_zones import full_zone_lines
from fediversity.engine.recovery import doubtful_creations, events_file, forget_events
from fediversity.engine.report import say
from fediversity.engine.rollout import ledger_of, rollout_lines
from fediversity.engine.showing import Showing
from fediversity.engine.watch import Watch, json_lines, live_table, on_a_terminal, open_private, plain_lines
from fediversity.engine.words import engine_words
from fediversity.ledger import history
from fediversity.ledger.words import ago
from fediversity.plan.servers import former_names, servers
from fediversity.plan.steps import Plan
from fediversity.project.settings import Settings

ENGINE_LOG = "engine.log"
"""The engine's own output, in the stack's folder, when it is not shown as it comes."""


def print_changes(stack: Planned, *, all_machines: bool) -> None:
    """Prints what changes on each machine, and which are held."""
    found = changes(stack)
    shown = [change for change in found if all_machines or change.state != "unchanged"]
    same = [change.machine for change in found if change.state == "unchanged"]
    for line in [*(change_lines(stack, shown) if shown else ()), *_held_lines(stack, same)]:
        print(line)
    sys.stdout.flush()


def up(
    stack: Planned,
    engine: Engine,
    options: Sequence[str],
    showing: Showing,
    *,
    keep_going: bool,
    prepared: Prepared | None = None,
) -> int:
    """Rolls out and gives the engine's exit code. Raises OSError if the file of events cannot be made.

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
    events = events_file(engine, settings.stack)
    open_private(events).close()
    chosen = ("--event-log", str(events), *options)
    words = arguments(
        "up",
        settings.stack,
        chosen,
        simulated=settings.simulated,
        keep_going=keep_going,
        agreed=agreed,
        machines=len(stack.fleet.enabled_machines),
    )
    watch = Watch.begin(ledger_of(project), stack.plan, tuple(stack.fleet.enabled_machines), stack.rotated)
    with contextlib.ExitStack() as open_things:
        if showing.events is not None:
            watch.shows.append(open_things.enter_context(json_lines(showing.events, settings.stack)))
        code, output = _run(engine, words, program, watch, showing, quiet=not verbose)
    doubtful = doubtful_creations(engine, settings.stack)
    if not doubtful:
        forget_events(engine, settings.stack)
    told = set(watch.bad)
    # Somebody who rolls a part out knows that the rest is not done.
    left = watch.left if not _in_part(options) else watch.left & _behind(stack.plan, told)
    said = "" if output is None else output.read_text(errors="replace")
    for line in [
        *([] if output is None else engine_words(said, told, ended_well=code == 0)),
        *full_zone_lines(said, stack.fleet, settings.fleet_file),
        *([] if output is None or code == 0 else [f"The engine's own output: {output.relative_to(engine.root)}"]),
        *doubtful_lines(doubtful, settings.stack, simulated=settings.simulated),
        *rollout_lines(settings, stack.plan, watch.since, left, ended_well=code == 0),
        *moves(stack, servers(stack.fleet, ledger_of(project).records())),
    ]:
        print(line)
    return code


def _run(
    engine: Engine, words: Sequence[str], program: Program, watch: Watch, showing: Showing, *, quiet: bool
) -> tuple[int, Path | None]:
    """Runs the engine while the ledger is watched; gives its exit code, and the file of its output if it has one."""
    with _output(engine.root / ".fediversity" / watch.ledger.path.parent.name, quiet=quiet) as file:
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
    """The file for the engine's own output, if it is not to be seen as it comes."""
    if not quiet:
        yield None
        return
    with open_private(folder / ENGINE_LOG) as file:
        yield file


def _can_be_quiet(settings: Settings, engine: Engine, options: Sequence[str]) -> bool:
    """Whether the engine has nothing to ask on the terminal that cannot be asked here.

    A preview does not know all options of an up, so one with options is left to the engine as a whole.
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
    return input(f"fediversity: roll {stack} out as shown? [y/N] ").strip().lower() in {"y", "yes"}


def _agreed_to_lift() -> bool:
    """The engine asks about the rollout itself, but protection has to go before it."""
    if not sys.stdin.isatty():
        return False
    return input("fediversity: lift the protection of what would be destroyed? [y/N] ").strip().lower() in {"y", "yes"}


def _held_lines(stack: Planned, unchanged: Sequence[str]) -> list[str]:
    """The machines that a person has rolled back, and that stay as they are until their configuration changes."""
    ledger, now = ledger_of(stack.project, former_names(stack.fleet)), time.time()
    records, drifts = ledger.records(), ledger.drifts()
    lines = []
    for name in unchanged:
        rollback = history.held(history.of_machine(records, name), drifts.get(name))
        if rollback is not None:
            when = ago(now - (rollback.ended_at or rollback.started_at))
            lines.append(f"{name} is held: rolled back by hand {when}; see `fediversity status {stack.settings.stack}`")
    return lines
