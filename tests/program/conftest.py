"""What all tests of the declaration share."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps out the warnings that Google's SDK gives about itself when it is imported."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_gcp"))
