"""What holds for all tests."""

from tests.requirements import required


def pytest_configure() -> None:
    """Refuses to begin where FEDIVERSITY_REQUIRE has a word that means nothing."""
    required()
