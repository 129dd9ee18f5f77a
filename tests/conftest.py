"""What all tests start from."""

from pathlib import Path

from fediversity.fleet.flake_copies import write_copies

ROOT = Path(__file__).parents[1]


def pytest_configure() -> None:
    """Writes what git ignores of `nix/validation`, before any test reads or copies that flake."""
    write_copies(ROOT / "nix" / "validation")
