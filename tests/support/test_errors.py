"""Every error that a person can act on is below one base, which says what, where and how to fix it."""

import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Iterator

import pytest

import fediversity
from fediversity.steps.job import StepError, StopError
from fediversity.support.errors import FediversityError, RefusedError, UsageError

ROOMS = ("support", "fleet", "ledger", "project", "steps", "nix_eval", "planning", "policy", "cost", "state", "rollout")
_OUTSIDE = {StopError}
"""Not an error of anybody's: the runner was told to stop."""


def exceptions() -> Iterator[type[Exception]]:
    """The exception classes that the rooms define, apart from private ones."""
    for room in (*ROOMS, "bootstrap", "cli"):
        package = importlib.import_module(f"fediversity.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith("__main__"):
                continue
            for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if issubclass(found, Exception) and found.__module__ == module.name and found.__name__[0] != "_":
                    yield found


def test_every_error_of_the_rooms_is_below_the_one_base() -> None:
    found = set(exceptions())
    assert {error for error in found if not issubclass(error, FediversityError)} == _OUTSIDE
    assert len(found) >= 12, fediversity.__path__


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (FediversityError("no such machine"), "no such machine"),
        (UsageError("no such machine", fix="add it"), "no such machine\n    fix: add it"),
        (RefusedError("is held", place="stacks/dev.yaml:3"), "stacks/dev.yaml:3: is held"),
        (StepError("no answer", "switch it on"), "no answer\n    fix: switch it on"),
    ],
)
def test_the_text_has_the_place_the_message_and_the_fix(error: FediversityError, text: str) -> None:
    assert str(error) == text


def test_an_error_survives_the_way_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(UsageError("a", "b", "c")))  # noqa: S301 (made one line above)
    assert (type(error), error.message, error.fix, error.place) == (UsageError, "a", "b", "c")
