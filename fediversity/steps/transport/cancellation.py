"""Cancellation of a step: by a signal, because its starter has ended, or because its time is over."""

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
    """Whether the runner must stop: it got a signal, or the process that started it has ended.

    `parent` is that process, if it is not the parent at the time of the call.
    """

    def __init__(self, parent: int | None = None) -> None:
        self.reason: str | None = None
        self._parent = parent or os.getppid()
        self._deadline: float | None = None
        self._seconds = 0.0

    def install(self) -> None:
        """Makes SIGTERM, SIGINT and SIGHUP cancel the step. To be called once, from the main thread."""
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: object) -> None:
        self.reason = self.reason or f"stopped by {signal.Signals(number).name}"

    def limit(self, seconds: float | None) -> None:
        """Limits the time of the step from now on, or removes the limit. Replaces an earlier limit."""
        self._seconds = seconds or 0.0
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def check(self) -> None:
        """Raises StopError if the runner must stop, StepError if the step has exceeded its time."""
        if self.reason is None and (os.getppid() != self._parent or _output_is_closed()):
            self.reason = "the deploying process ended"
        if self.reason is not None:
            raise StopError(self.reason)
        if self._deadline is not None and time.monotonic() > self._deadline:
            reason = f"the step took longer than {self._seconds:g} s in all and was ended"
            raise StepError(reason, "read the log: it ends with what the step was doing")

    def sleep(self, seconds: float) -> None:
        """Sleeps. Raises as `check` does as soon as there is a reason to."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, _TICK_SECONDS))
        self.check()


def _output_is_closed() -> bool:
    """Whether standard output is a pipe without a reader.

    This also stops a runner whose starter died before the runner had read the id of its parent.
    """
    if sys.platform != "linux":
        return False  # On other systems, a poll for no event reports different things for different kinds of file.
    poll = select.poll()
    poll.register(_STDOUT, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
