"""Fixtures of plug-ins: running, configured, and ended after the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulated_plugins.plugin_process import HCLOUD, Plugin


@pytest.fixture
def hcloud(tmp_path: Path) -> Iterator[Plugin]:
    with Plugin(tmp_path, "hcloud") as plugin:
        plugin.configure(**HCLOUD)
        yield plugin


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Plugin]:
    with Plugin(tmp_path, "command") as plugin:
        plugin.configure()
        yield plugin
