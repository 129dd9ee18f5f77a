"""Two processes for one step, so that a runner that is killed with SIGKILL still ends its tool properly.

Pulumi's command plug-in kills its direct child without warning when a run is cancelled or takes too long. So this child
only waits and forwards signals. A second process, in its own session, does the work: it notices when the first has
ended, ends the tool with all its children, and records what happened.
"""

import os
import select
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from fediversity.steps.transport.cancellation import SIGNALS, Cancellation
from fediversity.support.supervision import adopt_orphans

STOPPED_STATUS = 130
_LOOK_SECONDS = 0.2


def run_supervised(work: Callable[[Cancellation], int]) -> int:
    """Runs `work` in a second process. Returns its exit status, 130 if the process that started this one has ended."""
    starter, front = os.getppid(), os.getpid()
    alive, held_by_worker = os.pipe()
    # No signal may arrive before both processes have their handlers.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    worker = os.fork()
    if worker == 0:
        _work(work, front)
    os.close(held_by_worker)
    for number in SIGNALS:
        signal.signal(number, lambda number, _frame: _forward_signal(worker, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    # The pipe is readable as soon as the worker has ended.
    while not select.select([alive], [], [], _LOOK_SECONDS)[0]:
        if os.getppid() != starter:
            return STOPPED_STATUS  # The worker notices that this process has ended.
    status = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    if status < 0:
        print(f"fediversity-step: the runner was ended by signal {-status}", file=sys.stderr)
        return 1
    return status


def _work(work: Callable[[Cancellation], int], front: int) -> NoReturn:
    """The second process."""
    status = 1
    try:
        os.setsid()
        adopt_orphans()
        stop = Cancellation(parent=front)
        stop.install()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        status = work(stop)
    except BaseException:
        import traceback  # noqa: PLC0415 (slow to load, and only failures need it)

        traceback.print_exc()
    finally:
        _flush()
        os._exit(status)


def _forward_signal(worker: int, number: int) -> None:
    try:
        os.kill(worker, number)
    except ProcessLookupError:
        return


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            continue  # The reader has ended.
