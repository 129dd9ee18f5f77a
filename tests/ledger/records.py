"""Records made up for tests, in the order they are asked for."""

from dataclasses import replace
from itertools import count

from fediversity.ledger.records import Outcome, StepRecord

_NUMBERS = count(1)
_START = 1_700_000_000.0


def run(
    step: str,
    outcome: Outcome | None = "applied",
    *,
    machine: str | None = None,
    seconds: float = 2.0,
    reason: str = "done",
    **more: object,
) -> StepRecord:
    """One run of a step such as `oak-update`, ten seconds after the one before it."""
    number = next(_NUMBERS)
    subject, _, kind = step.rpartition("-")
    began = _START + 10 * number
    record = StepRecord(
        id=number,
        step=step,
        kind=kind,
        machine=machine or (None if subject == "fleet" else subject),
        server_id=None,
        fingerprint=None,
        command="",
        pid=1,
        queued_at=began,
        started_at=began,
        ended_at=None if outcome is None else began + seconds,
        outcome=outcome,
        reason=None if outcome is None else reason,
        log=f"logs/{machine or subject}/{step}.log",
    )
    return replace(record, **more)  # type: ignore[arg-type]
