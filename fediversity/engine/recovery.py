"""Makes a stack usable again after a run that was killed. Says in plain words what it found and did."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from fediversity.engine import processes
from fediversity.engine.backend import Backend
from fediversity.engine.cli import Engine
from fediversity.engine.errors import RefusedError
from fediversity.engine.locks import stale_locks
from fediversity.engine.pending import (
    Deployment,
    Pending,
    Settled,
    lookup_answers,
    lookup_question,
    parse_answers,
    pending_operations,
    present_ids,
    refuse_unanswered,
    settle,
    to_refresh,
    unanswered,
    without_pending,
)
from fediversity.engine.report import say

LookUp = Callable[[str, Engine, Sequence[Pending]], dict[str, str | None]]


def look_up_simulated(stack: str, engine: Engine, asked: Sequence[Pending]) -> dict[str, str | None]:
    """Ask the simulated cloud which of these exist: their ids by URN, None for what does not."""
    done = subprocess.run(
        [sys.executable, "-m", "fediversity.local.lookup", stack],
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


def switch_on(stack: str, engine: Engine, backend: Backend) -> None:
    """Switch on the simulated machines of a stack that has any: after a restart of this computer they are off.

    Raises RefusedError when the state has a simulated site whose folder is gone: the engine would change nothing.
    """
    if not (engine.root / ".fediversity" / stack / "cloud").is_dir():
        resources = (backend.checkpoint(stack) or {}).get("resources") or ()
        if any(resource["type"] == "simulated:index:Site" for resource in resources):
            raise RefusedError(
                f"the simulated machines of stack {stack} are gone: .fediversity/{stack}/cloud is missing. "
                f"Run `./just destroy {stack}`, then `./just up {stack}`."
            )
        return
    done = subprocess.run(
        [sys.executable, "-m", "fediversity.local", "power-on", stack],
        cwd=engine.root,
        env=engine.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RefusedError(f"the simulated machines could not be switched on: {done.stderr.strip()}")


def recover(
    stack: str,
    engine: Engine,
    backend: Backend,
    answers: Sequence[str] = (),
    look_up: LookUp = look_up_simulated,
) -> None:
    """Remove stale locks, end what the dead run left running, and settle its pending operations.

    `answers` are a person's words on creations in a real cloud, as `URN=ID` or `URN=`. Raises RefusedError, with
    nothing changed, when the stack is in use or when only a person can know what was created.
    """
    stale = stale_locks(backend.locks(stack), stack, socket.gethostname(), processes.engine_is_running)
    damaged = backend.is_damaged(stack)
    if not stale and not answers and not damaged and not backend.may_have_pending(stack):
        return
    for lock in stale:
        say(f"the last run was killed and left stack {stack} locked ({lock}): removing the lock")
    left_over = processes.orphans(processes.running(), engine.root)
    if left_over:
        say(f"ending what that run left behind: {', '.join(sorted(item.title for item in left_over))}")
        processes.end(left_over)
    if stale:
        for path in backend.mend(stack):
            say(f"removing what that run had half written: {path.name}")
        engine.output(["cancel", "--yes", "--stack", stack])
    if damaged:
        say("the last run left a state that refers to what it had deleted: removing those references")
        engine.output(["state", "repair", "--yes", "--stack", stack])
    _settle_pending(stack, engine, parse_answers(answers), look_up)


def _settle_pending(stack: str, engine: Engine, answers: Mapping[str, str | None], look_up: LookUp) -> None:
    exported = json.loads(engine.output(["stack", "export", "--stack", stack]))
    deployment: Deployment = exported["deployment"]
    pending = pending_operations(deployment)
    refuse_unanswered(pending, answers, stack)
    if not pending:
        return
    simulated = [item for item in unanswered(pending) if item.simulated]
    found = {**answers, **(look_up(stack, engine, simulated) if simulated else {})}
    settled = settle(pending, found, present_ids(deployment))
    _explain(settled)
    edited = without_pending(deployment, settled)
    engine.output(["stack", "import", "--stack", stack], given=json.dumps({**exported, "deployment": edited}))
    targets = [option for urn in to_refresh(settled, edited) for option in ("--target", urn)]
    if targets:
        engine.output(["refresh", "--stack", stack, "--yes", "--skip-preview", *targets])
    say("the state is whole again")


def _explain(settled: Sequence[Settled]) -> None:
    say(f"the last run was cut short with {len(settled)} operations in progress:")
    for item in settled:
        say(f"  {item}")
