"""Checks that the limits of a fleet are about machines that it has."""

from collections.abc import Iterator

from fediversity.fleet.diagnostics import Finding, choose
from fediversity.fleet.model import Fleet


def unencrypted(fleet: Fleet) -> Iterator[Finding]:
    """Checks that the machines that `unencrypted` names exist."""
    for index, name in enumerate(fleet.policy.unencrypted):
        if name not in fleet.machines:
            where = ("policy", "unencrypted", index)
            yield Finding(where, f"unknown machine '{name}'", choose(name, fleet.machines), absent=("machines", name))
