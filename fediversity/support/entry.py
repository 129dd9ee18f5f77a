"""What every command does around its work: one place that turns what went wrong into a message and an exit status."""

import gc
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from fediversity.support import debug
from fediversity.support.errors import FediversityError

INTERRUPTED = 130
"""The exit status of a command that Ctrl-C has ended, as of one that a shell has started."""


def run_command(work: Callable[[], int], *, prefix: str = "", subject: str = "fediversity") -> int:
    """Runs the work of a `main` and returns its exit status: 1 for whatever a person has to correct.

    A FediversityError and an OSError become one message on stderr that begins with `prefix`. `subject` stands where an
    OSError names no file. With debugging on, the traceback comes before the message.
    """
    debug.turn_on_if_asked()
    try:
        return work()
    except FediversityError as error:
        return _fail(f"{prefix}{error}")
    except BrokenPipeError:
        # The reader of the output has seen enough (`fediversity plan | head`); nothing can be flushed to it any more.
        debug.show_traceback()
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _fail(f"{prefix}{error.filename or subject}: {error.strerror or error}")
    except KeyboardInterrupt:
        debug.show_traceback()
        return INTERRUPTED


def run_process(main: Callable[[], int]) -> NoReturn:
    """Runs a `main` as the whole of a process, which ends with its exit status.

    The process ends at once: the thread that ran a program for a Pulumi that was killed may wait for ever. The garbage
    of a start is not collected, because there is little of it; a longer rollout collects it (`rollout.pulumi_cli`).
    """
    gc.disable()
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _fail(message: str) -> int:
    debug.show_traceback()
    print(message, file=sys.stderr, flush=True)
    return 1
