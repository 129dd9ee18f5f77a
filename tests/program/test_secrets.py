"""No secret reaches the engine in clear, and no input looks like one."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.program.programs import STACKS, TOKEN, production, staging
from tests.program.recording import Secret

_NAMES = re.compile(r"(?i)(pass(word|phrase)|secret|token|private_?key|credential|api_?key)")
_VALUES = re.compile(r"PRIVATE KEY-----|AGE-SECRET-KEY-1|\bgh[pousr]_\w{20,}")


def in_clear(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Every text that is not kept as a secret, with the place it stands in."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield where, name
            yield from in_clear(inner, f"{where}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from in_clear(inner, where)
    elif not isinstance(value, Secret):
        yield where, str(value)


def test_the_search_sees_what_is_in_clear_and_nothing_that_is_kept() -> None:
    found = dict(in_clear({"a": [{"token": Secret("hidden")}, {"b": "seen"}]}))
    assert "hidden" not in str(found)
    assert found[".a.b"] == "seen"


@pytest.mark.parametrize("stack", ["production", "staging"])
def test_the_token_of_a_real_stack_is_registered_as_a_secret_and_only_once(stack: str) -> None:
    recording = STACKS[stack]()
    assert recording.one("pulumi:providers:hcloud", "hcloud").inputs["token"] == Secret(TOKEN)
    for entry in recording.all:
        assert not [place for place, text in in_clear(dict(entry.inputs)) if TOKEN in text], entry.urn
    assert TOKEN not in str(recording.outputs)


@pytest.mark.parametrize("stack", STACKS)
def test_no_input_in_clear_is_named_or_looks_like_a_secret(stack: str) -> None:
    for entry in STACKS[stack]().all:
        for place, text in in_clear(dict(entry.inputs)):
            assert not _NAMES.search(place.rpartition(".")[2]), f"{entry.urn}{place}"
            assert not _VALUES.search(text), f"{entry.urn}{place}"


def test_no_step_of_a_real_stack_gets_a_secret_at_all() -> None:
    for recording in (production(), staging()):
        for command in recording.commands.values():
            assert "Secret(" not in str(command.inputs), "the runner fetches secrets itself, when it needs them"
