"""A program of many resources: what its resources remember, and when it begins to wait."""

import asyncio
import sys
import traceback
from collections.abc import Coroutine

import pulumi
import pytest

from fediversity.program.sdk_performance import declare_many, registrations_have_begun, short_stack_traces
from tests.program.recording import record


def deep(frames: int) -> int:
    """How many frames a stack trace has that is taken so deep."""
    return deep(frames - 1) if frames else len(traceback.extract_stack())


def test_stack_traces_are_short_within_and_whole_afterwards() -> None:
    with short_stack_traces():
        assert deep(50) == 10
    assert deep(50) > 50
    assert not hasattr(sys, "tracebacklimit")


def test_an_error_within_is_told_with_all_of_its_frames() -> None:
    def fail(frames: int) -> None:
        if not frames:
            raise ValueError("here")
        fail(frames - 1)

    with pytest.raises(ValueError, match="here") as raised, short_stack_traces():
        fail(30)

    told = traceback.extract_tb(raised.value.__traceback__)
    assert len(told) > 30


def test_somebody_else_s_limit_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "tracebacklimit", 3, raising=False)
    with short_stack_traces():
        assert deep(50) == 10
    assert deep(50) == 3


def test_what_was_scheduled_before_has_begun() -> None:
    begun: list[str] = []

    async def register() -> None:
        begun.append("a")

    async def program() -> list[str]:
        task = asyncio.ensure_future(register())
        await registrations_have_begun()
        seen = list(begun)
        await task
        return seen

    assert asyncio.run(program()) == ["a"]


def test_what_a_stage_declares_begins_to_register_before_the_next_one_is_run() -> None:
    begun: list[str] = []
    seen: list[list[str]] = []

    async def register() -> None:
        await asyncio.sleep(0)
        begun.append("a provider")

    stages = (lambda: begun_by(register()), lambda: seen.append(list(begun)))
    tasks: list[asyncio.Future[None]] = []

    def begun_by(registration: Coroutine[None, None, None]) -> None:
        tasks.append(asyncio.ensure_future(registration))

    record(lambda: declare_many(*stages), stack="test")
    assert seen == [["a provider"]]


def test_a_stage_that_fails_ends_the_program_before_the_next_one() -> None:
    run: list[str] = []

    def fail() -> None:
        raise pulumi.RunError("no")

    with pytest.raises(pulumi.RunError, match="no"):
        record(lambda: declare_many(fail, lambda: run.append("second")), stack="test")
    assert run == []
