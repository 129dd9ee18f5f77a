"""Two costs of Pulumi's Python SDK (3.272) that a program of many resources does not have to pay."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pulumi

_FRAMES = 10
_TURNS = 10


def declare_many(*stages: Callable[[], None]) -> None:
    """Runs the stages of a program, once this function has returned; once a program, and last.

    After each stage, what it declared begins to register: a stage that registers providers has Pulumi start their
    plug-ins while the next one imports and declares; Pulumi takes a tenth of a second for each, one by one.
    """

    async def run() -> None:
        for stage in stages:
            with short_stack_traces():
                stage()
            await registrations_have_begun()

    pulumi.run(run)


@contextmanager
def short_stack_traces() -> Iterator[None]:
    """Within it, resources remember the ten innermost frames of where they were declared.

    Six of them are the SDK's. Pulumi keeps all frames of each resource in the state, which it writes out as a whole
    at every operation: of a hundred machines' state they were two fifths.
    """
    before = getattr(sys, "tracebacklimit", None)
    sys.tracebacklimit = _FRAMES
    try:
        yield
    finally:
        if before is None:
            del sys.tracebacklimit
        else:
            sys.tracebacklimit = before


async def registrations_have_begun() -> None:
    """Lets what was declared begin to register before the SDK waits for it.

    The SDK first waits for the registrations that have begun, one after the other, and then for outputs, all of them
    anew whenever one is there. Of a synchronous program no registration has begun by then, so it would wait for
    thousands of outputs thousands of times: 28 s of processor time with a hundred machines, instead of 5. It takes a
    few turns of the event loop until a request has been handed to the thread that makes it.
    """
    for _ in range(_TURNS):
        await asyncio.sleep(0)
