"""What Example Cloud wants of a fleet."""

from collections.abc import Iterator

from fediversity.fleet.providers.example.model import ExampleProvider

from fediversity.fleet.diagnostics import Finding
from fediversity.fleet.model import Fleet

LONGEST_NAME = 12


def names(fleet: Fleet) -> Iterator[Finding]:
    """A server's name is short."""
    for name, _ in ExampleProvider.machines_of(fleet):
        if len(name) > LONGEST_NAME:
            what = f"Example Cloud takes no name of {len(name)} characters"
            yield Finding(("machines", name), what, f"shorten it to {LONGEST_NAME}")


CHECKS = (names,)
