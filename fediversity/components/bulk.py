"""Two costs of Pulumi's Python SDK (3.272) that a program of many resources does not have to pay."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pulumi

_FRAMES = 10


def declare_many(declare: Callable[[], None]) -> None:
    """Declares a program's resources. Once a program, and last but for what declares nothing."""
    with short_stack_traces():
        declare()
    pulumi.run(registrations_have_begun)


@contextmanager
def short_stack_traces() -> Iterator[None]:
    """Within it, resources remember the ten innermost frames of where they were declared.

    Six of them are the SDK's. The engine keeps all frames of each resource in the state, which it writes out as a whole
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
    thousands of outputs thousands of times: 28 s of processor time with a hundred machines, instead of 5.
    """
    await asyncio.sleep(0)
