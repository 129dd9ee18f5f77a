"""What the ledger remembers of a step."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["applied", "unchanged", "deferred", "rolled_back", "failed", "interrupted"]
"""How a step ended. `interrupted`: whoever ran it died in the middle, so nobody knows how far it came."""

ENDED_WELL: frozenset[Outcome] = frozenset({"applied", "unchanged"})


@dataclass(frozen=True)
class StepRecord:
    """One run of one step. Times are seconds since 1970 (UTC); `ended_at` and `outcome` are None while it runs.

    `queued_at` is when the runner was started, `started_at` when it had its turn (installs go one at a time); both are
    the same until the turn comes. `command` is the tool's command line, which never holds a secret. `log` is relative
    to the stack's folder. `system` is the path in the Nix store of the system that the machine ran afterwards, if the
    step looked.
    """

    id: int
    step: str
    kind: str
    machine: str | None
    server_id: str | None
    fingerprint: str | None
    command: str
    pid: int
    queued_at: float
    started_at: float
    ended_at: float | None
    outcome: Outcome | None
    reason: str | None
    log: str | None
    system: str | None = None
