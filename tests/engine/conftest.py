"""The real engine for tests: its plug-ins in a home of their own, and fresh checkouts."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fediversity.bootstrap.places import Places
from fediversity.bootstrap.plugins import ensure_plugins
from tests.engine.checkout import PROJECT, Checkout, copy_project

MakeCheckout = Callable[[], Checkout]


@pytest.fixture(scope="session")
def engine_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a person whose engine has the local plug-ins and nothing else."""
    assert shutil.which("pulumi"), "the engine is not on PATH: start the tests by `./just test`"
    home = tmp_path_factory.mktemp("home")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    environment |= {
        "HOME": str(home),
        "PULUMI_HOME": str(home / ".pulumi"),
        "FEDIVERSITY_CACHE": str(home / "cache"),
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PATH": f"{PROJECT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    ensure_plugins(Places.of(PROJECT, environment))
    return environment


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
