"""Knowing when to stop: somebody said so, or nobody is there any more to take the result."""

import os
import select
import signal
import sys
import time

from fediversity.steps.job import StepError, StopError

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_TICK_SECONDS = 0.1
_STDOUT = 1


class Cancellation:
    """Whether the runner must stop: a signal came, or whoever started it is gone.

    `parent` is the process that started it, if that is not the parent at the time of the call.
    """

    def __init__(self, parent: int | None = None) -> None:
        self.reason: str | None = None
        self._parent = parent or os.getppid()
        self._deadline: float | None = None
        self._seconds = 0.0

    def install(self) -> None:
        """Turns SIGTERM, SIGINT and SIGHUP into a wish to stop; from the main thread, once."""
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: object) -> None:
        self.reason = self.reason or f"stopped by {signal.Signals(number).name}"

    def limit(self, seconds: float | None) -> None:
        """From now on the step may take no longer than this, or as long as it likes; replaces an earlier limit."""
        self._seconds = seconds or 0.0
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def check(self) -> None:
        """Raises StopError when it is time to stop, StepError when the step has taken longer than it may."""
        if self.reason is None and (os.getppid() != self._parent or _nobody_reads()):
            self.reason = "the deploying process ended"
        if self.reason is not None:
            raise StopError(self.reason)
        if self._deadline is not None and time.monotonic() > self._deadline:
            reason = f"the step took longer than {self._seconds:g} s in all and was ended"
            raise StepError(reason, "read the log: it ends with what the step was doing")

    def sleep(self, seconds: float) -> None:
        """Waits, but no longer than until it is time to stop."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, _TICK_SECONDS))
        self.check()


def _nobody_reads() -> bool:
    """Whether the result would go into a pipe without a reader.

    So a runner whose starter died before it could remember who that was stops as well.
    """
    if sys.platform != "linux":
        return False  # Elsewhere it is not the same for every kind of file what polling for no event reports.
    poll = select.poll()
    poll.register(_STDOUT, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
