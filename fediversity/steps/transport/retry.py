"""Repeats a tool where that is harmless: it failed to connect or to copy, and has changed nothing."""

import re
import time
from collections.abc import Callable

from fediversity.steps.context import StepContext
from fediversity.steps.job import StepError
from fediversity.steps.specs import OnMachine

MOST_TRIES = 3
BUDGET_SECONDS = 120.0
"""How many seconds the pauses between tries may take together."""

_FIRST_PAUSE = 5.0
_LOST = re.compile(
    r"(?i)ssh: connect to host|connection (?:to \S+ (?:port \d+ )?)?(?:refused|reset|timed out|closed)"
    r"|timeout, server \S+ not responding|operation timed out|no route to host"
    r"|network is unreachable|could not resolve hostname|temporary failure in name resolution|broken pipe"
    r"|kex_exchange_identification|client_loop: send disconnect|lost connection|exit(?:ed)? (?:with |code |status )*255"
    r"|cannot open connection to remote store|cannot connect to '|failed to start SSH (?:connection|master)"
    r"|nix-daemon.* disconnected unexpectedly"
)
"""The messages of OpenSSH and Nix when a connection cannot be made or is lost."""


def is_connection_failure(failure: StepError) -> bool:
    """Whether a tool reports that it failed for lack of a connection."""
    return _LOST.search(failure.reason) is not None


def with_retries(context: StepContext[OnMachine], run: Callable[[], None], harmless: Callable[[], bool]) -> None:
    """Runs a tool, and repeats it with growing pauses while it cannot connect and has changed nothing.

    `harmless` says whether nothing was changed.

    Raises the StepError of its last failure.
    """
    pause = context.with_patience(_FIRST_PAUSE)
    deadline = time.monotonic() + context.with_patience(BUDGET_SECONDS) + context.job.timeout
    for tries_left in reversed(range(MOST_TRIES)):
        try:
            return run()
        except StepError as failure:
            over = tries_left == 0 or time.monotonic() + pause > deadline
            if over or not is_connection_failure(failure) or not harmless():
                raise
            context.log.note(f"the connection failed and nothing was changed: trying again in {pause:g} s")
        context.stop.sleep(pause)
        pause *= 3
    raise AssertionError("the last try returns or raises")
