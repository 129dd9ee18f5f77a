"""The real engine for tests: its plug-ins in a home of their own, and fresh checkouts."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.rollout.checkout import Checkout, copy_project, environment_at

MakeCheckout = Callable[[], Checkout]


@pytest.fixture(scope="session")
def engine_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a person whose engine has the local plug-ins and nothing else."""
    return environment_at(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def make_checkout(
    engine_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeCheckout]:
    """Makes fresh copies of the project; at the end, nothing of them runs any more."""
    made: list[Checkout] = []

    def make() -> Checkout:
        root: Path = tmp_path_factory.mktemp("checkout") / "fediversity"
        copy_project(root)
        checkout = Checkout(root, engine_environment)
        made.append(checkout)
        return checkout

    yield make
    for checkout in made:
        checkout.end()


@pytest.fixture(scope="module")
def checkout(make_checkout: MakeCheckout) -> Checkout:
    """One fresh copy of the project for all tests of a module, which follow each other like a story."""
    return make_checkout()
