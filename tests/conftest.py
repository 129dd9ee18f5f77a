"""What holds for all tests."""

from collections.abc import Generator
from pathlib import Path

import pytest

from fediversity.fleet.flake_copies import write_copies
from tests.requirements import required

ROOT = Path(__file__).parents[1]


def pytest_configure() -> None:
    """Refuses an unknown word in FEDIVERSITY_REQUIRE, and writes the files of nix/validation that git ignores."""
    required()
    write_copies(ROOT / "nix" / "validation")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Has the summary at the end say each reason for a skip once, with how many tests it concerns."""
    report = yield
    if isinstance(report.longrepr, tuple) and not hasattr(report, "wasxfail"):
        *_, reason = report.longrepr
        # pytest takes None for "no line", though it says that it wants a number.
        report.longrepr = (str(Path(__file__).parent), None, reason)  # type: ignore[assignment]
    return report
