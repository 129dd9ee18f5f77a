"""Makes a stack usable again after a run that was killed, or that did not learn what it had made.

Says in plain words what it found and did.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from fediversity.rollout import processes
from fediversity.rollout.backend import Backend
from fediversity.rollout.backend_locks import stale_locks
from fediversity.rollout.console import say
from fediversity.rollout.event_log import read_events
from fediversity.rollout.pending_operations import (
    Deployment,
    Pending,
    ResolvedOperation,
    lookup_answers,
    lookup_question,
    parse_answers,
    pending_operations,
    present_ids,
    refuse_unanswered,
    resolve_operations,
    to_refresh,
    unanswered,
    without_pending,
)
from fediversity.rollout.pulumi_cli import PulumiCli
from fediversity.rollout.uncertain_creates import (
    EVENTS,
    UncertainCreate,
    excluding,
    uncertain_creates,
    with_uncertain_creates,
)
from fediversity.support.errors import RefusedError
from fediversity.support.layout import stack_folder, stack_path

LookUp = Callable[[str, PulumiCli, Sequence[Pending]], dict[str, str | None]]


def look_up_simulated(stack: str, engine: PulumiCli, asked: Sequence[Pending]) -> dict[str, str | None]:
    """Ask the simulated cloud which of these exist: their ids by URN, None for what does not."""
    done = subprocess.run(
        [sys.executable, "-m", "fediversity.embedded_cloud.lookup", stack],
        cwd=engine.root,
        env=engine.environment,
        input="".join(f"{lookup_question(item)}\n" for item in asked),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RefusedError(f"the simulated cloud could not say what exists: {done.stderr.strip()}")
    return lookup_answers(asked, done.stdout)


@contextmanager
def switching_on(stack: str, engine: PulumiCli, backend: Backend) -> Iterator[Callable[[], None]]:
    """Switches on the simulated machines of a stack that has any: after a restart of this computer they are off.

    They start while something else is done. What is yielded waits until they are on; it raises RefusedError if they
    cannot be. Raises RefusedError when the state has a simulated site whose folder is gone: Pulumi would change
    nothing.
    """
    if not (stack_folder(engine.root, stack) / "cloud").is_dir():
        resources = (backend.checkpoint(stack) or {}).get("resources") or ()
        if any(resource["type"] == "simulated:index:Site" for resource in resources):
            raise RefusedError(
                f"the simulated machines of stack {stack} are gone: {stack_path(stack, 'cloud')} is missing. "
                f"Run `./just destroy {stack}`, then `./just up {stack}`."
            )
        yield lambda: None
        return
    with subprocess.Popen(
        [sys.executable, "-m", "fediversity.embedded_cloud", "power-on", stack],
        cwd=engine.root,
        env=engine.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:

        def wait() -> None:
            _, errors = process.communicate()
            if process.returncode != 0:
                raise RefusedError(f"the simulated machines could not be switched on: {errors.strip()}")

        yield wait


def recover(
    stack: str,
    engine: PulumiCli,
    backend: Backend,
    answers: Sequence[str] = (),
    look_up: LookUp = look_up_simulated,
) -> None:
    """Remove stale locks, end what the dead run left running, and settle its pending operations.

    Creations that failed without a clear answer are settled as well: by a look in the simulated cloud, or by `answers`.
    Those are a person's words on creations in a real cloud, as `URN=ID` or `URN=`. Raises RefusedError, with nothing
    changed, when the stack is in use or when only a person can know what a killed run created.
    """
    stale = stale_locks(backend.locks(stack), stack, socket.gethostname(), processes.pulumi_is_running)
    damaged = backend.is_damaged(stack)
    doubtful = uncertain_creates_of(engine, stack)
    if not stale and not answers and not damaged and not doubtful and not backend.may_have_pending(stack):
        return
    for lock in stale:
        say(f"the last run was killed and left stack {stack} locked ({lock}): removing the lock")
    left_over = processes.orphans(processes.running(), engine.root)
    if left_over:
        say(f"ending what that run left behind: {', '.join(sorted(item.title for item in left_over))}")
        processes.end(left_over)
    if stale:
        for path in backend.repair(stack):
            say(f"removing what that run had half written: {path.name}")
        engine.output(["cancel", "--yes", "--stack", stack])
    if damaged:
        say("the last run left a state that refers to what it had deleted: removing those references")
        engine.output(["state", "repair", "--yes", "--stack", stack])
    _settle_pending(stack, engine, parse_answers(answers), look_up, doubtful)


def events_file(engine: PulumiCli, stack: str) -> Path:
    """Where Pulumi writes the events of an `up`."""
    return stack_folder(engine.root, stack) / EVENTS


def uncertain_creates_of(engine: PulumiCli, stack: str) -> tuple[UncertainCreate, ...]:
    """The creations of the last `up` that failed without a clear answer and are not settled yet."""
    return uncertain_creates(read_events(events_file(engine, stack)))


def forget_events(engine: PulumiCli, stack: str, settled: Sequence[str] | None = None) -> None:
    """Remove what is known of the doubtful creations of these URNs, of all without any."""
    file = events_file(engine, stack)
    if not file.exists():
        return
    kept = [] if settled is None else excluding(file.read_text(errors="replace").splitlines(), settled)
    if kept:
        file.write_text("".join(f"{line}\n" for line in kept))
    else:
        file.unlink()


def _settle_pending(
    stack: str,
    engine: PulumiCli,
    answers: Mapping[str, str | None],
    look_up: LookUp,
    doubtful: Sequence[UncertainCreate],
) -> None:
    exported = json.loads(engine.output(["stack", "export", "--stack", stack]))
    before: Deployment = exported["deployment"]
    deployment, unsettled = with_uncertain_creates(before, doubtful, answers)
    pending = pending_operations(deployment)
    refuse_unanswered(pending, answers, stack)
    for doubt in unsettled:
        say(f"nobody has said yet whether {doubt} exists: `./just resolve {stack} '{doubt.urn}=ID'` if it does")
    if not pending:
        return
    simulated = [item for item in unanswered(pending) if item.simulated]
    found = {**answers, **(look_up(stack, engine, simulated) if simulated else {})}
    settled = resolve_operations(pending, found, present_ids(deployment))
    doubted = {doubt.urn for doubt in doubtful}
    _explain(settled, doubted)
    edited = without_pending(deployment, settled)
    if edited != before:
        engine.output(["stack", "import", "--stack", stack], given=json.dumps({**exported, "deployment": edited}))
    targets = [option for urn in to_refresh(settled, edited) for option in ("--target", urn)]
    if targets:
        engine.output(["refresh", "--stack", stack, "--yes", "--skip-preview", *targets])
    forget_events(engine, stack, [item.operation.urn for item in settled])
    say("the state is whole again")


def _explain(settled: Sequence[ResolvedOperation], doubted: Collection[str]) -> None:
    cut_short = [item for item in settled if item.operation.urn not in doubted]
    if cut_short:
        say(f"the last run was cut short with {len(cut_short)} operations in progress:")
    for item in cut_short:
        say(f"  {item}")
    for item in settled:
        if item.operation.urn in doubted:
            name = f"{item.operation.name} ({item.operation.type})"
            say(f"the last run had no clear answer when it created {name}: {item.fate.value}")
