"""`fediversity-step`: runs one step under supervision and prints its result as one line of JSON.

Pulumi's command resources run it, and a person does to repeat a step. The environment has what is known only after a
machine was created: FEDIVERSITY_ADDRESS, FEDIVERSITY_SERVER_ID, FEDIVERSITY_FINGERPRINT,
FEDIVERSITY_CONTROLLER_ADDRESS and FEDIVERSITY_DEPLOYMENT (JSON); FEDIVERSITY_OPTIONS may hold options.
"""

import contextlib
import json
import os
import shlex
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from fediversity.ledger.records import Outcome
from fediversity.ledger.sqlite import Ledger
from fediversity.steps.arguments import parse
from fediversity.steps.context import StepContext
from fediversity.steps.handlers import run_step
from fediversity.steps.job import Job, RolledBackError, StepError, StopError
from fediversity.steps.log import Log, readable
from fediversity.steps.specs import InstallSpec, StepSpec, SwitchSpec, UnlockSpec, VarsSpec
from fediversity.steps.transport.cancellation import Cancellation
from fediversity.steps.transport.supervisor import STOPPED_STATUS, run_supervised
from fediversity.support import debug
from fediversity.support.layout import LEDGER_FILE, stack_path
from fediversity.support.redact import Redactor, secrets_of

_LONGEST_SUMMARY = 300
_LONGEST_REASON = 3000


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one step. Returns the exit status: 0 success, 1 failure, 2 wrong usage, 130 stopped."""
    try:
        job, spec = parse(sys.argv[1:] if arguments is None else arguments, os.environ)
    except StepError as error:
        debug.show_traceback()
        print(f"fediversity-step: {error.reason}", file=sys.stderr)
        return 2
    return run_supervised(lambda stop: _run(job, spec, stop))


class StepOutcome(NamedTuple):
    """The end of a step: for the ledger, for a person, and as an exit status."""

    outcome: Outcome
    reason: str
    hint: str = ""
    status: int = 1
    system: str | None = None


def _run(job: Job, spec: StepSpec, stop: Cancellation) -> int:
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    log_name = (
        f"logs/{'fleet' if isinstance(spec, VarsSpec) else spec.machine.name}/{job.step}-{moment}-{os.getpid()}.log"
    )
    try:
        ending = _run_recorded(job, spec, stop, log_name)
    except (OSError, sqlite3.Error) as error:
        debug.show_traceback()
        ending = StepOutcome("failed", f"the ledger or the log cannot be written: {error}", f"look at {job.state_dir}")
    place = stack_path(job.stack, log_name)
    if ending.status == 0:
        reason = _clipped(ending.reason, _LONGEST_SUMMARY)
        print(json.dumps({"step": job.step, "outcome": ending.outcome, "reason": reason, "log": place}))
    else:
        advice = f"\n  what to do: {ending.hint}" if ending.hint else ""
        by_hand = f"\n  by hand: {Redactor(secrets_of(os.environ))(job.by_hand)}"
        outcome = ending.outcome.replace("_", " ")
        print(f"{job.step} {outcome}: {ending.reason}{advice}{by_hand}\n  log: {place}", file=sys.stderr)
    return ending.status


def _run_recorded(job: Job, spec: StepSpec, stop: Cancellation, log_name: str) -> StepOutcome:
    """Runs the step with its log and its record in the ledger. Raises OSError or sqlite3.Error if these fail."""
    redactor = Redactor(secrets_of(os.environ))
    ledger = Ledger(job.state_dir / LEDGER_FILE)
    ledger.create()
    log = Log(job.state_dir / log_name, redactor)
    machine = None if isinstance(spec, VarsSpec) else spec.machine
    command = spec.command if isinstance(spec, VarsSpec | InstallSpec | SwitchSpec) else ()
    with contextlib.closing(log), _debugged(log):
        record = ledger.begin(
            step=job.step,
            kind=job.verb,
            machine=machine.name if machine else None,
            server_id=job.server_id,
            fingerprint=job.fingerprint,
            command=redactor(shlex.join(command)),
            log=log_name,
            address=machine.address if machine else None,
            size=spec.size if isinstance(spec, UnlockSpec) else None,
        )
        ending = _outcome_of(StepContext(job, spec, Path.cwd(), log, stop, ledger, record))
        ledger.end(record, ending.outcome, ending.reason, ending.system, ending.hint)
        log.note(f"{ending.outcome}: {ending.reason}")
        if ending.status != 0:
            log.note(f"what to do: {ending.hint}\nby hand: {job.by_hand}")
    return ending


@contextlib.contextmanager
def _debugged(log: Log) -> Iterator[None]:
    """With debugging on, has the log show every command that the step starts."""
    if not debug.is_on():
        yield
        return
    debug.show_commands(log.debug)
    try:
        yield
    finally:
        debug.hide_commands()


def _outcome_of(context: StepContext[StepSpec]) -> StepOutcome:
    def for_people(text: str) -> str:
        return _clipped(context.log.redacted(readable(text)), _LONGEST_REASON)

    try:
        context.stop.limit(context.overall)
        result = run_step(context)
        return StepOutcome(result.outcome, for_people(result.reason), status=0, system=result.system)
    except RolledBackError as error:
        debug.show_traceback(context.log.debug)
        return StepOutcome("rolled_back", for_people(error.reason), for_people(error.hint), system=error.system)
    except StepError as error:
        debug.show_traceback(context.log.debug)
        return StepOutcome("failed", for_people(error.reason), for_people(error.hint))
    except StopError as error:
        return StepOutcome("interrupted", str(error), "the next rollout does the step again", STOPPED_STATUS)
    except Exception as error:
        import traceback  # noqa: PLC0415 (a twentieth of the runner's start, and few steps need it)

        with contextlib.suppress(OSError):
            context.log.note(traceback.format_exc())
        reason = for_people(f"{type(error).__name__}: {error}")
        return StepOutcome(
            "failed", reason, "this is a defect of the runner, or its disk is full; the log has the details"
        )


def _clipped(text: str, most: int) -> str:
    """Returns the text, without its middle if it is longer: the beginning says what failed, the end says why."""
    if len(text) <= most:
        return text
    first = most // 4
    return f"{text[:first]} […] {text[first - most :]}"


if __name__ == "__main__":
    sys.exit(main())
