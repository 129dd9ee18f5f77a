"""Questions that several checks ask of a fleet, and findings they share."""

from collections.abc import Iterable, Iterator, Sequence

from fediversity.fleet.diagnostics import Finding, Location, choose
from fediversity.fleet.model import Fleet


def used_tags(fleet: Fleet) -> frozenset[str]:
    """Returns every tag that some machine has, disabled ones included."""
    return frozenset().union(*(machine.all_tags for machine in fleet.machines.values()))


def unknown_machine(where: Location, name: str, known: Iterable[str], hint: str = "") -> Finding:
    """Returns the finding that `name` is no machine of the fleet; `hint` is added to the fix."""
    return Finding(where, f"unknown machine '{name}'", choose(name, known) + hint, absent=("machines", name))


def unknown_tag(where: Location, tag: str, known: Iterable[str]) -> Finding:
    """Returns the finding that no machine has `tag`."""
    return Finding(where, f"no machine has the tag '{tag}'", choose(tag, known), absent=("machines",))


def repeated(values: Sequence[str], where: Location) -> Iterator[Finding]:
    """Yields a finding for each value of a list that stands there already."""
    for index, value in enumerate(values):
        if value in values[:index]:
            yield Finding((*where, index), f"'{value}' twice", "keep it once")
