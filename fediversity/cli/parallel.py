"""Asks several machines at once, within a time limit.

Each machine is asked in its own process, because the supervision of ssh is made for one process: it ends its ssh
cleanly when it is told to end or when its parent is gone.
"""

import contextlib
import os
import pickle
import selectors
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

from fediversity.steps.transport.cancellation import Cancellation

Key = TypeVar("Key")
Answer = TypeVar("Answer")

AT_ONCE = 32
"""The number of machines that are asked at the same time."""

_GRACE_SECONDS = 10.0


def ask_all(
    questions: Mapping[Key, Callable[[Cancellation], Answer]], seconds: float, at_once: int = AT_ONCE
) -> dict[Key, Answer | None]:
    """Returns the answers by key, in the order of the questions; None for a question without an answer in time.

    A question that raises has no answer either, and its traceback is printed.
    """
    answers: dict[Key, Answer | None] = dict.fromkeys(questions)
    waiting = list(questions.items())
    running: dict[int, tuple[Key, int]] = {}
    read: dict[int, bytearray] = {}
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as pipes:
        try:
            while (waiting or running) and (left := deadline - time.monotonic()) > 0:
                while waiting and len(running) < at_once:
                    key, question = waiting.pop(0)
                    pipe, pid = _start(question)
                    running[pipe], read[pipe] = (key, pid), bytearray()
                    pipes.register(pipe, selectors.EVENT_READ)
                for event, _ in pipes.select(left):
                    if data := os.read(event.fd, 65536):
                        read[event.fd] += data
                        continue
                    key, pid = running.pop(event.fd)
                    answers[key] = _answer(read.pop(event.fd))
                    _close(pipes, event.fd)
                    os.waitpid(pid, 0)
        finally:
            _end([pid for _, pid in running.values()])
            for pipe in running:
                _close(pipes, pipe)
    return answers


def _start(question: Callable[[Cancellation], object]) -> tuple[int, int]:
    """Starts a process for a question. Returns the pipe of its answer and its process id."""
    reader, writer = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _ask(question, writer, parent)
    os.close(writer)
    return reader, pid


def _ask(question: Callable[[Cancellation], object], writer: int, parent: int) -> NoReturn:
    status = 1
    try:
        stop = Cancellation(parent=parent)
        stop.install()
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump(question(stop), pipe)
        status = 0
    except Exception:
        import traceback  # noqa: PLC0415

        # After a request to end the parent knows why there is no answer.
        if stop.reason is None:
            traceback.print_exc()
    finally:
        os._exit(status)


def _answer(data: bytearray) -> Any:
    return pickle.loads(data) if data else None  # noqa: S301 (from a process of our own)


def _close(pipes: selectors.BaseSelector, pipe: int) -> None:
    pipes.unregister(pipe)
    os.close(pipe)


def _end(pids: list[int]) -> None:
    """Ends the processes that have not answered in time, with the ssh that they started."""
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_SECONDS
    left = set(pids)
    while left:
        left = {pid for pid in left if os.waitpid(pid, os.WNOHANG) == (0, 0)}
        if left and time.monotonic() > deadline:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            deadline = float("inf")
        time.sleep(0.02)
