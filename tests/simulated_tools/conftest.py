"""Fixtures of the simulated tools."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulated_machines.sites import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site with its own daemon, which ends with the test."""
    made = Site(tmp_path).prepare()
    try:
        yield made
    finally:
        made.datacenter.stop()
